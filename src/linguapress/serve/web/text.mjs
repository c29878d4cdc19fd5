// What the page does with text; no function here touches the document.

const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\r(?!\n)/g;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The passages of a pasted text: blocks parted by blank lines. */
export function passagesOf(text) {
  const blocks = text.replace(LONE, "\ufffd").split(/\n(?:[^\S\n]*\n)+/);
  return blocks.map((block) => block.replace(/^\s*\n|\s+$/g, "")).filter((block) => block.trim());
}

/** Control characters as visible ones, one for one. */
export function visible(text) {
  return text.replace(CONTROLS, (found) => {
    const code = found.charCodeAt(0);
    return code < 32 ? String.fromCharCode(0x2400 + code) : code === 127 ? "\u2421" : "\ufffd";
  });
}

/** A document as kept and dropped pieces; spans count code points, as Python does, and strings here count halves of them. */
export function pieces(source, spans) {
  const points = Array.from(source);
  const found = [];
  let at = 0;
  const add = (end, kept) => {
    if (end > at) found.push({ text: points.slice(at, end).join(""), kept });
    at = Math.max(at, end);
  };
  for (const [start, end] of spans) {
    add(start, false);
    add(end, true);
  }
  add(points.length, false);
  return found;
}

/** The pieces that `room` characters hold, and how many characters are left out. */
export function beginning(found, room) {
  const shown = [];
  let left = 0;
  for (const { text, kept } of found) {
    if (room > 0) shown.push({ text: text.slice(0, room), kept });
    left += Math.max(0, text.length - Math.max(0, room));
    room -= text.length;
  }
  return { shown, left };
}

/** An SVG path that fills a strip of `width` by 1 where something of `length` characters is kept. */
export function strip(spans, length, width = 400) {
  const scale = width / Math.max(1, length);
  return spans.map(([start, end]) => {
    const from = Math.floor(start * scale);
    return `M${from} 0H${Math.max(from + 1, Math.round(end * scale))}V1H${from}z`;
  }).join("");
}

const number = new Intl.NumberFormat("en");

/** Milliseconds as people read them. */
export function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** What an answer cost and saved, in words. */
export function sentences(answer) {
  const steps = answer.stages.map(
    (step) => `${step.name} ${number.format(step.tokens_in)} → ${number.format(step.tokens_out)} in ${duration(step.milliseconds)}`,
  );
  return {
    kept: `${number.format(answer.tokens_after)} tokens`,
    before: `of ${number.format(answer.tokens_before)} · ${Math.round(answer.rate * 100)} % · ${duration(answer.milliseconds)}`,
    steps: steps.join(", ") || "everything fits; nothing had to be done",
  };
}
