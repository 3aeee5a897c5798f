// The first view: one sentence, what runs, what has just ended, what is left, and whether everything works.
import { get } from "./ask.js";
import { h, swap } from "./dom.js";
import * as live from "./live.js";
import { firstSteps, meter, panel, state } from "./parts.js";
import { jobRow } from "./jobs.js";
import { runningList } from "./running.js";
import { plural, usd } from "./words.js";

const LATELY = 8;
const REFRESH_MS = 30000;

export function show(main) {
  const headline = h("h1", {}, "Looking…");
  const trouble = h("div", { class: "trouble", role: "alert", hidden: true });
  const list = h("ul", { class: "rows", "aria-label": "Running jobs" });
  const idle = h("p", { class: "empty" }, "Nothing runs at this moment. A call appears here with its first word.");
  const lately = h("div");
  const budgets = h("div", { class: "inside" });
  const vendors = h("div", { class: "inside" });
  main.replaceChildren(
    h("div", { class: "headline" }, headline),
    trouble,
    h(
      "div",
      { class: "columns" },
      h("div", { class: "stack" }, panel("Running", null, list, idle), panel("Lately finished", h("a", { href: "#/jobs" }, "All jobs"), lately)),
      h("div", { class: "stack" }, panel("Left today (UTC)", h("a", { href: "#/costs" }, "Costs"), budgets), panel("Models", h("a", { href: "#/server" }, "Details"), vendors)),
    ),
  );
  let overview = null;
  const say = () => overview && swap(headline, sentence(overview, live.jobs().length));

  async function refresh() {
    try {
      const [found, { jobs }] = await Promise.all([get("overview"), get("jobs", { most: LATELY + 4 })]);
      overview = found;
      trouble.hidden = true;
      say();
      const ended = jobs.filter((job) => job.status !== "running").slice(0, LATELY);
      if (!jobs.length) {
        swap(lately, firstSteps());
        idle.hidden = true;
      } else {
        swap(lately, ended.length ? h("ul", { class: "rows" }, ended.map((job) => h("li", {}, jobRow(job)))) : h("p", { class: "empty" }, "No job has ended yet."));
      }
      swap(budgets, gauges(found.account));
      swap(vendors, models(found));
    } catch (failure) {
      trouble.textContent = failure.message;
      trouble.hidden = false;
    }
  }

  refresh();
  const ends = [runningList(list, idle), live.on("change", say), live.on("ended", () => setTimeout(refresh, 300))];
  const timer = setInterval(refresh, REFRESH_MS);
  return () => {
    clearInterval(timer);
    ends.forEach((end) => end());
  };
}

function sentence(overview, running) {
  const own = overview.account.budgets[0];
  const work = running ? `${plural(running, "job is", "jobs are")} running` : "Nothing is running";
  const money = own ? `, ${usd(own.left_nano_usd)} of today’s ${usd(own.nano_usd)} is left` : "";
  const troubled = overview.dependencies.some((found) => !found.ok) || overview.breakers.length > 0;
  return `${work}${money}${troubled ? ", and something needs a look." : ". Everything works."}`;
}

export function gauges(account) {
  if (account.unknown) return h("p", { class: "quiet" }, `What is left is not known now: ${account.unknown}`);
  return account.budgets.map((budget) => {
    const used = budget.nano_usd - budget.left_nano_usd;
    const share = budget.nano_usd ? used / budget.nano_usd : 1;
    const kind = share >= 1 ? "bad" : share >= 0.8 ? "warn" : "";
    const project = budget.scope.startsWith("project:") ? budget.scope.slice(budget.scope.indexOf("/") + 1) : null;
    return h(
      "div",
      { class: "gauge" },
      h("p", { class: "between" }, h("span", {}, project ? `Project ${project}` : "This client"), h("span", { class: "quiet small" }, `of ${usd(budget.nano_usd)}`)),
      h("p", { class: "figure" }, usd(budget.left_nano_usd)),
      meter(share, kind),
      h("p", { class: "quiet small" }, share >= 1 ? "Used up: calls are refused until 00:00 UTC, or until the budget is raised in server.toml." : `${usd(used)} spent or held for running calls`),
    );
  });
}

function models(overview) {
  const names = overview.vendors.map((vendor) => {
    const resting = overview.breakers.filter((breaker) => vendor.name.toLowerCase().includes(breaker.vendor) || breaker.vendor === vendor.name);
    const [kind, words] = !vendor.configured ? ["", "no key set"] : resting.length ? ["warn", `${plural(resting.length, "model rests", "models rest")}`] : ["good", "ready"];
    return h("p", { class: "between" }, h("span", {}, vendor.name), state(kind, words));
  });
  const faults = overview.dependencies.filter((found) => !found.ok);
  return [
    h("div", { class: "stack-small" }, names),
    faults.map((fault) => h("p", { class: "note" }, fault.reason ?? `${fault.name} does not answer.`)),
  ];
}
