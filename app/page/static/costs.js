// What was spent: by day, by model, by project, and for operators by client.
import { get } from "./ask.js";
import { byDay, legend } from "./charts.js";
import { h, swap } from "./dom.js";
import * as live from "./live.js";
import { firstSteps, panel, shareBar } from "./parts.js";
import { count, dayName, plural, tokens, usd } from "./words.js";

const RANGES = [7, 30, 90];
const choice = { days: 30, whose: "own" };
const MOST_SERIES = 7; // further models share one colour

export function show(main) {
  const title = h("h1", {}, "Costs");
  const body = h("div", { class: "stack" });
  const press = (name, value, words) => {
    const pressed = () => String(choice[name] === value);
    return h("button", { type: "button", "data-key": `${name}-${value}`, "aria-pressed": pressed(), onclick: () => choose(name, value) }, words);
  };
  const controls = h("div", { class: "aside" });
  const operator = document.body.dataset.operator === "yes";

  function choose(name, value) {
    choice[name] = value;
    paint();
    refresh();
  }

  function paint() {
    swap(
      controls,
      operator ? h("div", { class: "segments", role: "group", "aria-label": "Whose" }, press("whose", "own", "This client"), press("whose", "all", "All clients")) : null,
      h("div", { class: "segments", role: "group", "aria-label": "Time" }, RANGES.map((days) => press("days", days, `${days} days`))),
    );
  }

  let found = null;
  let wide = 0;

  // Drawn for the width there is, so that its words are as large as all others.
  function draw() {
    wide = body.clientWidth;
    swap(body, found.calls || found.clients?.length > 1 ? panels(found, Math.max(280, wide - 34)) : h("section", { class: "panel" }, firstSteps()));
  }

  async function refresh() {
    try {
      found = await get("costs", choice);
      title.textContent = found.total || found.calls ? `${usd(found.total)} in ${choice.days} days` : "Costs";
      draw();
    } catch (failure) {
      swap(body, h("p", { class: "trouble", role: "alert" }, failure.message));
    }
  }

  main.replaceChildren(h("div", { class: "headline" }, title, controls), body);
  paint();
  refresh();
  const resized = () => found && Math.abs(body.clientWidth - wide) > 8 && draw();
  addEventListener("resize", resized);
  const off = live.on("ended", () => setTimeout(refresh, 600));
  return () => {
    removeEventListener("resize", resized);
    off();
  };
}

function panels(found, width) {
  const names = found.models.map((model) => model.name);
  const [days, series] = grouped(found.days, names);
  const tip = h("p", { class: "tip", "aria-hidden": "true" }, "Point at a day for its figures.");
  return [
    panel(
      "By day (UTC)",
      h("span", { class: "quiet small" }, plural(found.calls, "call")),
      h("div", { class: "inside" }, byDay(days, series, tip, width), legend(series), tip, figures(days, series)),
    ),
    h("div", { class: "halves" }, table("By model", "Model", found.models, found.total, "Web searches and readings of documents are listed as models too."), table("By project", "Project", found.projects, found.total)),
    found.clients ? clients(found) : null,
    h("p", { class: "quiet small" }, "Calls whose cost the vendor has not told are booked at their estimate an hour later, and show from then on."),
  ];
}

function grouped(days, names) {
  const series = names.length > MOST_SERIES + 1 ? [...names.slice(0, MOST_SERIES), "others"] : names;
  if (series === names) return [days, series];
  const sums = days.map(({ day, models }) => {
    const kept = {};
    for (const [name, cost] of Object.entries(models)) {
      const key = series.includes(name) ? name : "others";
      kept[key] = (kept[key] ?? 0) + cost;
    }
    return { day, models: kept };
  });
  return [sums, series];
}

function figures(days, series) {
  const spent = days.filter((day) => Object.keys(day.models).length);
  return h(
    "details",
    {},
    h("summary", { class: "quiet small" }, "The same as a table"),
    h(
      "div",
      { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "Cost by day" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Day"), series.map((model) => h("th", { scope: "col", class: "number" }, model)))),
        h("tbody", {}, spent.map((day) => h("tr", {}, h("th", { scope: "row" }, dayName(day.day)), series.map((model) => h("td", { class: "number" }, usd(day.models[model] ?? 0)))))),
      ),
    ),
  );
}

const rowName = (row, none) => (row.others ? `${plural(row.others, "other")} together` : row.name || none);

function table(title, head, rows, total, note) {
  const row = (one) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, rowName(one, "(none)")),
      h("td", { class: "optional" }, shareBar(total ? one.cost / total : 0)),
      h("td", { class: "number optional" }, count(one.calls)),
      h("td", { class: "number optional" }, `${tokens(one.input_tokens)} / ${tokens(one.output_tokens)}`),
      h("td", { class: "number" }, usd(one.cost)),
    );
  return panel(
    title,
    null,
    h(
      "div",
      { class: "table-wrap" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, head), h("th", { scope: "col", class: "optional" }, "Share"), h("th", { scope: "col", class: "number optional" }, "Calls"), h("th", { scope: "col", class: "number optional" }, "Tokens in / out"), h("th", { scope: "col", class: "number" }, "Cost"))),
        h("tbody", {}, rows.map(row)),
      ),
    ),
    note ? h("footer", {}, note) : null,
  );
}

function clients(found) {
  return panel(
    "By client",
    h("span", { class: "quiet small" }, "for operators"),
    h(
      "div",
      { class: "table-wrap" },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Client"), h("th", { scope: "col", class: "optional" }, "Share"), h("th", { scope: "col", class: "number optional" }, "Calls"), h("th", { scope: "col", class: "number" }, "Cost"), h("th", { scope: "col", class: "number" }, "Left today"))),
        h(
          "tbody",
          {},
          found.clients.map((one) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, one.name),
              h("td", { class: "optional" }, shareBar(found.total ? one.cost / found.total : 0)),
              h("td", { class: "number optional" }, count(one.calls)),
              h("td", { class: "number" }, usd(one.cost)),
              h("td", { class: "number" }, one.limit === null ? "–" : `${usd(one.left)} of ${usd(one.limit)}`),
            ),
          ),
        ),
      ),
    ),
  );
}
