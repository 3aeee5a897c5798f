// Small things that several views show.
import { h, svg } from "./dom.js";
import { STATUS, exactly, when } from "./words.js";

export const panel = (title, aside, ...inside) =>
  h("section", { class: "panel" }, h("header", {}, h("h2", {}, title), aside), ...inside);

export const time = (iso) => h("time", { datetime: iso, title: exactly(iso) }, when(iso));

export function state(kind, words) {
  return h("span", { class: `state ${kind}` }, h("span", { class: "dot", "aria-hidden": "true" }), words);
}

export const status = (name) => state(...(STATUS[name] ?? ["", name]));

// A bar of one figure; what it says is always beside it in words, so it is hidden from screen readers.
export function meter(share, kind = "") {
  const used = Math.min(100, Math.max(0, share * 100));
  return svg(
    "svg",
    { class: `meter ${kind}`, viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "rest", width: 100, height: 6, rx: 1 }),
    svg("rect", { class: "used", width: used, height: 6, rx: 1 }),
  );
}

export function shareBar(share) {
  return svg(
    "svg",
    { class: "share", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { width: Math.max(share > 0 ? 0.8 : 0, share * 100), height: 8 }),
  );
}

export const noted = (facts) => h("p", { class: "facts" }, facts.filter(Boolean).map((fact) => (fact instanceof Node ? fact : h("span", {}, fact))));

// How to begin, for a client that has done nothing yet: the line with this server's own address in it.
export function firstSteps() {
  const address = `${location.origin}/mcp`;
  return h(
    "div",
    { class: "empty" },
    h("p", {}, h("strong", {}, "No call yet."), " Connect a client, and what the models do appears here by itself:"),
    h("pre", {}, h("code", {}, `claude mcp add --transport http exai ${address} --header "Authorization: Bearer $EXAI_TOKEN"`)),
    h("p", { class: "quiet" }, "Codex, Gemini CLI, VS Code and Cursor: ", h("code", {}, "exai-mcp connect <client>"), " writes their configuration."),
  );
}
