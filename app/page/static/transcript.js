// One thread to read: exchange by exchange, a page at a time; to take away; to delete.
import { Failure, exportPath, get, post } from "./ask.js";
import { confirm } from "./dialog.js";
import { announce, h, swap } from "./dom.js";
import * as live from "./live.js";
import { render } from "./markdown.js";
import { noted, time } from "./parts.js";
import { count, plural, tokens, usd } from "./words.js";

export function transcript(detail, id, exchange) {
  const path = `threads/${encodeURIComponent(id)}`;
  const turns = h("div", { class: "turns" });
  const foot = h("div");
  let seen = 0;

  async function load(after) {
    try {
      const found = await get(path, { after });
      if (!turns.isConnected) swap(detail, frame(found));
      turns.append(...found.turns.map(turn));
      seen = found.turns.at(-1)?.number ?? after;
      swap(foot, found.next ? later(found) : null);
      if (after) announce(`${plural(found.turns.length, "more message")}.`);
      if (exchange && !after) point(exchange);
    } catch (failure) {
      const gone = failure instanceof Failure && failure.status === 404;
      swap(detail, h("section", { class: "panel" }, h("p", { class: "empty" }, gone ? "There is no such thread any more." : failure.message)));
    }
  }

  const frame = (thread) =>
    h(
      "article",
      { class: "panel document" },
      h(
        "header",
        {},
        h("a", { class: "back", href: "#/threads" }, "← All threads"),
        h("h2", {}, thread.title || "Untitled"),
        noted([plural(thread.exchanges, "exchange"), h("span", {}, "begun ", time(thread.created)), thread.project ? h("span", { class: "tag" }, thread.project) : null, thread.forked_from ? h("a", { href: `#/threads/${thread.forked_from}` }, "forked from another") : null, h("span", { class: "mono" }, thread.id)]),
        h(
          "div",
          { class: "actions" },
          h("a", { class: "button", href: exportPath(id, "markdown"), download: true }, "Export Markdown"),
          h("a", { class: "button", href: exportPath(id, "json"), download: true }, "Export JSON"),
          h("button", { type: "button", class: "danger", onclick: () => remove(thread) }, "Delete"),
        ),
      ),
      turns,
      foot,
    );

  const later = (found) =>
    h(
      "div",
      { class: "more" },
      h("button", { type: "button", "data-key": "later", onclick: () => load(found.next) }, "Show later exchanges"),
      h("span", { class: "quiet small" }, `Exchanges up to ${count(seen)} of ${count(found.exchanges)} are shown.`),
    );

  async function remove(thread) {
    const sentence = `“${thread.title || thread.id}” with its ${plural(thread.exchanges, "exchange")}, its files and its jobs’ answers would be gone for good. What it cost stays booked.`;
    if (!(await confirm("Delete this thread?", sentence, "Delete for good"))) return;
    try {
      await post(`${path}/delete`, { "X-Confirm": id });
      announce("The thread is deleted.");
      location.hash = "#/threads";
    } catch (failure) {
      announce(failure.message);
    }
  }

  function point(number) {
    const found = turns.querySelector(`[data-number="${number}"]`);
    found?.scrollIntoView({ block: "start" });
    found?.focus({ preventScroll: true });
  }

  load(exchange > 1 ? exchange - 1 : 0);
  return live.on("ended", (job) => job.thread === id && !foot.childElementCount && setTimeout(load, 400, seen));
}

function turn(one) {
  const user = one.role === "user";
  const name = user ? "You" : (one.model ?? "Answer");
  const facts = user
    ? [one.tool, one.files ? plural(one.files, "file") : null]
    : [`${tokens(one.input_tokens)} tokens in, ${tokens(one.output_tokens)} out`, usd(one.cost)];
  return h(
    "section",
    { class: `turn ${one.role}`, "data-number": one.number, tabindex: -1, "aria-label": `${name}, exchange ${one.number}` },
    h("div", { class: "by" }, h("h3", {}, name), h("span", {}, `#${one.number}`), time(one.created), facts.filter(Boolean).map((fact) => h("span", {}, fact))),
    h("div", { class: "prose" }, render(one.text, 4)),
    one.partial ? h("p", { class: "note" }, "This answer was cut off.") : null,
    one.cut ? h("p", { class: "note" }, `${count(one.cut)} more characters are not shown here; the export has all of them.`) : null,
  );
}
