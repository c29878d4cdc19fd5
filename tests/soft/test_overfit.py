"""The whole way: a compressor learns eight texts, is saved and loaded, and the untouched model says them again word for word."""

import pytest
import torch

from linguapress.soft import FrozenLM, SoftReader, XCompressor, regeneration_loss

TEXTS = [
    "The bridge is green.", "Bread bakes at 230 degrees.", "She left on Monday.", "Call 0161 496 0000 now.", "It rained for nine days.",
    "No dogs are allowed here.", "The invoice is overdue.", "Paris hosted the games.",
]  # fmt: skip


@pytest.fixture
def base(bpe):
    """A random Llama, which must be made to say anything by key-values alone."""
    import transformers

    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=256,
        initializer_range=0.1, max_position_embeddings=64, bos_token_id=0, eos_token_id=2, pad_token_id=1,
    )  # fmt: skip

    def make():
        torch.manual_seed(0)
        return FrozenLM(transformers.LlamaForCausalLM(config), tokenizer, "base")

    return make


def test_eight_texts_come_back_exactly(base, tmp_path):
    lm = base()
    press, steps = XCompressor.new(lm, k=4, rank=32, alpha=64), 200  # 4 slots for 13 tokens
    rows = [lm.tokens(text) for text in TEXTS]
    optimizer = torch.optim.AdamW(press.parameters().values(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
    first = float(regeneration_loss(press, rows).detach())
    for _ in range(steps):
        loss = regeneration_loss(press, rows)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    assert float(loss.detach()) < 0.3 < 5 < first
    press.save_pretrained(tmp_path)
    other = XCompressor.from_pretrained(tmp_path, base())
    memories = other.compress(TEXTS)
    reader = SoftReader(other.lm)
    assert reader.generate([other.regenerating(memory) for memory in memories], most=24) == TEXTS
    right = reader.score([other.regenerating(memory) for memory in memories], rows)
    wrong = reader.score([other.regenerating(memory) for memory in memories[1:] + memories[:1]], rows)
    assert sum(row.sum() for row in wrong) > 10 * sum(row.sum() for row in right)
