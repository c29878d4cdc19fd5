// The page: one request at a time for each column, always for the newest state, so that text follows the slider.

import { beginning, passagesOf, pieces, sentences, strip, visible } from "./text.mjs";

const MOST = 100_000; // characters of one result that are drawn; Copy takes all
const TYPING = 250; // milliseconds of silence after which typed text is sent
const byId = (id) => document.getElementById(id);

function element(tag, { className = "", text = "", title = "" } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  if (title) made.title = title;
  made.append(...children);
  return made;
}

function bar(spans, length) {
  const space = "http://www.w3.org/2000/svg";
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS(space, tag));
  svg.setAttribute("viewBox", "0 0 400 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", strip(spans, length));
  svg.append(path);
  return svg;
}

function passage(source, { index, spans, score }, room) {
  const found = pieces(source, spans);
  const length = found.reduce((sum, piece) => sum + piece.text.length, 0);
  const kept = found.reduce((sum, piece) => sum + (piece.kept ? piece.text.length : 0), 0);
  const relevance = score === null || score === undefined ? "" : ` · relevance ${score.toFixed(2)}`;
  const share = `${Math.round((100 * kept) / Math.max(1, length))} % kept`;
  const { shown, left } = beginning(found, room);
  const text = element("div", { className: "text" });
  text.dir = "auto";
  for (const piece of shown) {
    const [tag, title] = piece.kept ? ["mark", `kept${relevance}`] : ["del", `dropped${relevance}`];
    text.append(element(tag, { text: visible(piece.text), title }));
  }
  if (left) text.append(element("span", { className: "gap", text: `… ${left.toLocaleString("en")} more characters …` }));
  const facts = element("div", { className: "facts", text: `Passage ${index + 1}${relevance} · ${share}` });
  return element("div", { className: "passage" }, facts, bar(spans, Array.from(source).length), text);
}

/** One method's result. */
class Column {
  constructor(select) {
    this.select = select;
    this.root = byId("result").content.firstElementChild.cloneNode(true);
    this.part = (name) => this.root.querySelector(name);
    this.part(".copy").addEventListener("click", () => this.copy());
    [this.busy, this.next, this.answer] = [false, null, null];
  }

  /** Asks for the state's result, once the request under way is answered. */
  async show(state) {
    this.next = { ...state, method: this.select.value };
    if (this.busy) return;
    this.busy = true;
    this.root.classList.add("waiting");
    while (this.next) {
      const asked = this.next;
      this.next = null;
      try {
        this.draw(asked, asked.documents.length ? await request(asked) : null);
      } catch (error) {
        this.fail(asked, error.message);
      }
    }
    this.busy = false;
    this.root.classList.remove("waiting");
  }

  draw(asked, answer) {
    this.name(asked.method);
    this.answer = answer;
    this.part(".copy").disabled = !answer?.text;
    this.part(".error").hidden = true;
    const words = answer ? sentences(answer) : { kept: "", before: "The shortened text will stand here.", steps: "" };
    this.part(".sum b").textContent = words.kept;
    this.part(".sum span").textContent = words.before;
    this.part(".steps").textContent = words.steps;
    this.part(".passages").replaceChildren(...(answer ? this.parts(asked.documents, answer) : []));
    if (answer) byId("status").textContent = `${asked.method}: ${words.kept} ${words.before}`;
  }

  parts(documents, answer) {
    let room = MOST;
    const drawn = (item) => {
      const made = passage(documents[item.index], item, room);
      room -= documents[item.index].length;
      return made;
    };
    const parts = answer.warnings.map((warning) => element("p", { className: "note", text: `Note: ${visible(warning)}` }));
    parts.push(...answer.passages.map(drawn));
    if (answer.dropped.length) {
      const many = answer.dropped.length === 1 ? "1 passage" : `${answer.dropped.length} passages`;
      const gone = answer.dropped.map((index) => drawn({ index, spans: [], score: null }));
      parts.push(element("details", {}, element("summary", { text: `${many} dropped whole` }), ...gone));
    }
    return parts;
  }

  name(method) {
    this.part("h2").textContent = method;
    const about = this.select.querySelector(`option[value="${CSS.escape(method)}"]`)?.dataset.about ?? "";
    [this.part(".about").textContent, this.part(".about").title] = [about, about];
  }

  fail(asked, message) {
    this.draw(asked, null);
    this.part(".sum span").textContent = "";
    this.part(".error").textContent = message;
    this.part(".error").hidden = false;
  }

  async copy() {
    const button = this.part(".copy");
    button.textContent = (await copied(this.answer.text)) ? "Copied" : "Could not copy";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
}

async function request({ documents, query, method, rate }) {
  const body = JSON.stringify({ documents, query: query || null, method, rate });
  const [size, limit] = [new Blob([body]).size, Number(document.body.dataset.limit)];
  if (size > limit) throw new Error(`This is ${size.toLocaleString("en")} bytes; the server takes ${limit.toLocaleString("en")}.`);
  let response;
  try {
    response = await fetch("/compress", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  } catch {
    throw new Error("The server does not answer; is it still running?");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

/** Whether `text` reached the clipboard; the old way serves where the new one is refused, as over plain HTTP. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const holder = element("textarea", { className: "unseen" });
    holder.value = text;
    document.body.append(holder);
    holder.select();
    const done = document.execCommand("copy");
    holder.remove();
    return done;
  }
}

const columns = ["first", "second"].map((id) => new Column(byId(id)));

function refresh() {
  const documents = passagesOf(byId("documents").value);
  const state = { documents, query: byId("query").value.trim(), rate: Number(byId("rate").value) / 100 };
  byId("share").textContent = `${byId("rate").value} %`;
  byId("count").textContent = documents.length ? `${documents.length}, parted by blank lines` : "blank lines part them";
  byId("columns").classList.toggle("hiding", !byId("dropped").checked);
  const shown = columns.filter((column) => column.select.value);
  byId("columns").classList.toggle("two", shown.length > 1);
  if (byId("columns").children.length !== shown.length) byId("columns").replaceChildren(...shown.map((column) => column.root));
  shown.forEach((column) => column.show(state));
}

let typing = 0;
for (const id of ["documents", "query"]) {
  byId(id).addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(refresh, TYPING);
  });
}
for (const id of ["rate", "first", "second", "dropped"]) byId(id).addEventListener("input", refresh);
byId("example").addEventListener("click", async () => {
  const { query, documents } = await (await fetch("/example.json")).json();
  byId("query").value = query;
  byId("documents").value = documents.join("\n\n");
  refresh();
});
refresh();
