// Conversations: found by word or project, page by page, however many there are.
import { get } from "./ask.js";
import { announce, h, swap } from "./dom.js";
import * as live from "./live.js";
import { firstSteps, noted, time } from "./parts.js";
import { transcript } from "./transcript.js";
import { count, plural } from "./words.js";

const TYPING_MS = 250;
const search = { q: "", project: "" }; // kept while one moves between views

export function show(main, id, exchange) {
  const rows = h("div", { class: "scroll" }, h("p", { class: "empty" }, "Looking…"));
  const box = h("input", { type: "search", id: "q", value: search.q, placeholder: "Words that all occur", "aria-label": "Search threads", autocomplete: "off", spellcheck: "false" });
  const project = h("select", { "aria-label": "Project" }, h("option", { value: "" }, "All projects"));
  const detail = h("div", { class: "detail" });
  const list = h("section", { class: "panel list", "aria-label": "Threads" }, h("div", { class: "search", role: "search" }, box, project), rows);
  main.replaceChildren(h("div", { class: "headline" }, h("h1", {}, "Threads")), h("div", { class: `split${id ? " open" : ""}` }, list, detail));
  let shown = [];
  let asked = 0;

  const row = (key, href, title, excerpt, facts) =>
    h(
      "a",
      { class: "row", href, "data-key": key, "aria-current": href.split("/")[2] === id ? "true" : null },
      h("span", { class: "title" }, title || "Untitled"),
      excerpt,
      noted(facts),
    );

  async function refresh(before) {
    const ticket = ++asked;
    try {
      const found = await get("threads", { ...search, before });
      if (ticket !== asked) return; // something else was typed meanwhile
      if (found.hits) return hits(found);
      shown = before ? [...shown, ...found.threads] : found.threads;
      if (!shown.length) return swap(rows, search.project ? h("p", { class: "empty" }, "No thread in this project.") : firstSteps());
      swap(rows, listed(), found.next ? more(found.next) : h("p", { class: "more quiet small" }, `All ${plural(shown.length, "thread")}.`));
      if (before) announce(`${count(shown.length)} threads are listed.`);
    } catch (failure) {
      swap(rows, h("p", { class: "empty" }, failure.message));
    }
  }

  const listed = () =>
    h(
      "ul",
      { class: "rows" },
      shown.map((thread) =>
        h("li", {}, row(thread.id, `#/threads/${thread.id}`, thread.title, null, [time(thread.updated), plural(thread.exchanges, "exchange"), thread.forked_from ? "a fork" : null, thread.project ? h("span", { class: "tag" }, thread.project) : null])),
      ),
    );

  const more = (next) =>
    h(
      "div",
      { class: "more" },
      h("button", { type: "button", "data-key": "more", onclick: () => refresh(next) }, "Show more"),
      h("span", { class: "quiet small" }, `The last ${count(shown.length)} touched are shown; search finds the others.`),
    );

  function hits(found) {
    if (!found.hits.length) {
      announce("Nothing was found.");
      return swap(rows, h("p", { class: "empty" }, found.words.length ? "Nothing was found. All words must occur in one message." : "Type a word to search for."));
    }
    const one = (hit, place) =>
      h("li", {}, row(`hit-${place}`, `#/threads/${hit.thread}/${hit.exchange}`, hit.title, h("span", { class: "small" }, marked(hit.excerpt, found.words)), [time(hit.created), hit.role === "user" ? "a question" : "an answer", hit.project ? h("span", { class: "tag" }, hit.project) : null]));
    announce(`${plural(found.hits.length, "message")} found.`);
    swap(
      rows,
      h("ul", { class: "rows" }, found.hits.map(one)),
      h("p", { class: "more quiet small" }, found.more ? `The newest ${count(found.hits.length)} are shown; more words narrow it down.` : plural(found.hits.length, "message found", "messages found")),
    );
  }

  async function projects() {
    const { projects: known } = await get("costs", { days: 90 }).catch(() => ({ projects: [] }));
    const names = known.map((one) => one.name).filter(Boolean);
    if (search.project && !names.includes(search.project)) names.push(search.project);
    project.append(...names.map((name) => h("option", { value: name, selected: name === search.project }, name)));
    project.hidden = names.length === 0;
  }

  let typing = 0;
  box.addEventListener("input", () => {
    clearTimeout(typing);
    search.q = box.value.trim();
    typing = setTimeout(refresh, TYPING_MS);
  });
  project.addEventListener("change", () => {
    search.project = project.value;
    refresh();
  });

  refresh();
  projects();
  const end = id ? transcript(detail, id, Number(exchange) || 0) : null;
  if (!id) swap(detail, h("section", { class: "panel" }, h("p", { class: "empty" }, "Choose a thread to read it.")));
  const off = live.on("ended", () => shown.length <= 50 && !search.q && setTimeout(refresh, 300));
  return () => {
    clearTimeout(typing);
    off();
    end?.();
  };
}

// The words that were looked for, wherever they stand in an excerpt.
function marked(text, words) {
  const parts = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!parts.length) return text;
  return text.split(new RegExp(`(${parts.join("|")})`, "iu")).map((part, place) => (place % 2 ? h("mark", {}, part) : part));
}
