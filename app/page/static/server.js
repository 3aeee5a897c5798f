// The machine room: what works and why not, who is connected, which replicas there are, and what is not shown.
import { get } from "./ask.js";
import { h, setText, swap } from "./dom.js";
import * as live from "./live.js";
import { noted, panel, state, time } from "./parts.js";
import { count, lasting, plural } from "./words.js";

const REFRESH_MS = 15000;

const SENTENCES = {
  ready: "Everything works.",
  degraded: "The server works, and something it can do without does not.",
  unavailable: "The server cannot take calls now.",
  draining: "This replica is leaving.",
  starting: "This replica is starting.",
};

export function show(main) {
  const title = h("h1", {}, "Server");
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const asked = h("div", { class: "stack" });
  const replicas = h("div");
  const connections = h("div");
  const limits = h("div");
  main.replaceChildren(
    h("div", { class: "headline" }, title),
    trouble,
    h("div", { class: "columns" }, h("div", { class: "stack" }, asked, panel("Replicas", null, replicas), panel("Your connections", null, connections)), h("div", { class: "stack" }, limits, unseen())),
  );

  async function refresh() {
    try {
      const found = await get("overview");
      trouble.hidden = true;
      setText(title, SENTENCES[found.status] ?? found.status);
      swap(asked, panel("What it leans on", null, dependencies(found)), panel("Models", null, models(found)));
      swap(limits, panel("This replica", null, about(found)));
    } catch (failure) {
      trouble.textContent = failure.message;
      trouble.hidden = false;
    }
  }

  const told = () => {
    const known = live.known().sort((a, b) => a.replica.localeCompare(b.replica));
    swap(replicas, known.length ? replicaTable(known) : h("p", { class: "empty" }, "No replica has told of itself yet."));
    swap(connections, sessions(known));
  };

  refresh();
  told();
  const off = live.on("change", told);
  const timer = setInterval(refresh, REFRESH_MS);
  return () => {
    off();
    clearInterval(timer);
  };
}

function dependencies(found) {
  return h(
    "ul",
    { class: "rows" },
    found.dependencies.map((one) =>
      h(
        "li",
        { class: "row" },
        h("p", { class: "between" }, h("span", {}, h("strong", {}, one.name), ` ${one.kind}`), one.ok ? state("good", "works") : state(one.required ? "bad" : "warn", "does not work")),
        one.ok ? noted([`answered in ${one.milliseconds} ms`]) : h("p", { class: "small" }, one.reason),
      ),
    ),
  );
}

function models(found) {
  const rests = found.breakers.map((one) =>
    h(
      "li",
      { class: "row" },
      h("p", { class: "between" }, h("span", {}, h("strong", {}, one.model), ` ${one.vendor}`), state("warn", "resting")),
      h("p", { class: "small" }, one.reason ?? "It failed several times in a row."),
      noted([h("span", {}, "asked again from ", time(one.until))]),
    ),
  );
  const vendors = found.vendors.map((one) =>
    h(
      "li",
      { class: "row" },
      h("p", { class: "between" }, h("strong", {}, one.name), one.configured ? state("good", "key set") : state("", "no key set")),
      one.configured ? null : h("p", { class: "small quiet" }, "Its models cannot be called until its key is set; the other vendor’s stand in where they can."),
    ),
  );
  return [
    h("ul", { class: "rows" }, vendors, rests),
    h("footer", {}, found.breakers.length ? "A model that failed several times in a row is left alone for a while, on all replicas." : "No breaker is open."),
  ];
}

function replicaTable(known) {
  const row = (one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "mono" }, one.replica),
      h("td", {}, state(one.state === "serving" ? "good" : "warn", one.state)),
      h("td", {}, one.version),
      h("td", { class: "optional" }, one.python),
      h("td", { class: "number" }, lasting((Date.now() - new Date(one.since)) / 1000).replace(/ \d\d s$/, "")),
      h("td", { class: "number" }, count(one.all_connections)),
      h("td", { class: "number" }, count(one.calls)),
    );
  const heads = [["Replica"], ["State"], ["Version"], ["Python", "optional"], ["Up", "number"], ["Connections", "number"], ["Calls", "number"]];
  return [
    h(
      "div",
      { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "Replicas" },
      h("table", {}, h("thead", {}, h("tr", {}, heads.map(([words, kind]) => h("th", { scope: "col", class: kind }, words)))), h("tbody", {}, known.map(row))),
    ),
    h("footer", {}, `Heard from ${plural(known.length, "replica")} within the last 16 seconds; the page itself is one of the connections.`),
  ];
}

function sessions(known) {
  const all = known.flatMap((one) => one.sessions.map((session) => ({ ...session, replica: one.replica })));
  const total = known.reduce((sum, one) => sum + one.all_sessions, 0);
  if (!all.length) return h("p", { class: "empty" }, "No session is open. Clients of the newest revision need none: each of their requests stands alone.");
  const rows = all.map((one) =>
    h(
      "li",
      { class: "row" },
      h("p", { class: "between" }, h("strong", {}, [one.client || "A client that gave no name", one.version].filter(Boolean).join(" ")), h("span", { class: "quiet" }, one.transport)),
      noted([one.revision ? `MCP ${one.revision}` : "before its handshake", one.calls ? plural(one.calls, "call running", "calls running") : "no call running", h("span", { class: "mono" }, one.replica)]),
    ),
  );
  return [h("ul", { class: "rows" }, rows), total > all.length ? h("footer", {}, `${count(all.length)} of ${count(total)} sessions are named.`) : null];
}

function about(found) {
  const facts = [
    ["Name", found.replica],
    ["Environment", found.environment],
    ["Largest message", `${count(found.limits.max_message_bytes / 2 ** 20)} MiB`],
    ["Longest call", lasting(found.limits.call_timeout_seconds)],
    ["A call becomes a job after", lasting(found.limits.detach_after_seconds)],
  ];
  return h("dl", { class: "facts-list inside" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function unseen() {
  const points = [
    "Jobs, threads and connections of other clients. An operator sees what every client spends, and no content.",
    "What a call with no_store said: it is kept nowhere.",
    "Files, and what a model thought before it answered.",
    "Replicas that share no Redis with this one, and any that were silent for 16 seconds.",
    "What is older than RETENTION_DAYS: its threads and jobs are removed, its costs stay.",
    "Logs, metrics and traces: those are for tools of their own.",
  ];
  return panel("What this page does not show", null, h("ul", { class: "inside points" }, points.map((point) => h("li", {}, point))), h("footer", {}, `EXAI MCP Server ${document.body.dataset.version}`));
}
