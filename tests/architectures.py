"""Tiny causal language models by architecture: what their configurations say."""

_WIDE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
_ROTARY = _WIDE | {"num_key_value_heads": 2, "max_position_embeddings": 64, "head_dim": 8}
_GEMMA = _ROTARY | {"sliding_window": 8, "query_pre_attn_scalar": 8, "final_logit_softcapping": 2.0, "attn_logit_softcapping": 5.0}
CAUSAL = {
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    "llama": _ROTARY,
    "mistral": _ROTARY | {"sliding_window": 8},
    "qwen2": _ROTARY,
    "qwen3": _ROTARY,
    "gemma": _ROTARY,
    "gemma2": _GEMMA,
    "gemma3_text": _ROTARY | {"sliding_window": 8},
    "phi": _WIDE | {"max_position_embeddings": 64, "partial_rotary_factor": 0.5},
    "phi3": _ROTARY,
    "gpt_neox": _WIDE | {"max_position_embeddings": 64},
    "opt": _WIDE | {"ffn_dim": 48, "max_position_embeddings": 64, "word_embed_proj_dim": 16},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4, "seq_length": 64},
    "gptj": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "rotary_dim": 4},
    "cohere": _ROTARY | {"logit_scale": 0.25},
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
}
