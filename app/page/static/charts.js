// Bars by day, as SVG. The same figures are in a table beside it, for whoever reads rather than looks.
import { h, svg } from "./dom.js";
import { dayName, usd } from "./words.js";

const HEIGHT = 230;
const LEFT = 52;
const BOTTOM = 24;
const TOP = 10;
const COLOURS = 8;

export const colour = (place) => `f${Math.min(place, COLOURS - 1)}`;

// Round steps above the highest bar: 1, 2 or 5 times a power of ten.
function scale(highest) {
  const rough = Math.max(highest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  return Array.from({ length: Math.ceil(highest / step) + 1 }, (_, place) => place * step);
}

export function byDay(days, models, tip, width) {
  const totals = days.map((day) => Object.values(day.models).reduce((sum, cost) => sum + cost, 0));
  const ticks = scale(Math.max(...totals));
  const top = ticks.at(-1) || 1;
  const y = (cost) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - cost / top);
  const room = (width - LEFT) / days.length;
  const bar = Math.max(2, Math.min(28, room * 0.68));
  const every = Math.ceil((days.length * 64) / (width - LEFT));

  const column = (day, place) => {
    const x = LEFT + place * room;
    let below = 0;
    const said = `${dayName(day.day)}: ${usd(totals[place])}`;
    const parts = models.filter((model) => day.models[model]).map((model) => `${model} ${usd(day.models[model])}`);
    const words = parts.length > 1 ? `${said} (${parts.join(", ")})` : parts.length ? `${said}, ${models.find((model) => day.models[model])}` : said;
    const segments = models.map((model, series) => {
      const cost = day.models[model];
      if (!cost) return null;
      const height = y(below) - y(below + cost);
      const made = svg("rect", { class: colour(series), x: x + (room - bar) / 2, y: y(below + cost), width: bar, height: Math.max(0.75, height - (height > 3 ? 1 : 0)) });
      below += cost;
      return made;
    });
    const show = () => (tip.textContent = words);
    return svg("g", { class: "day", onpointerenter: show }, svg("rect", { class: "hit", x, y: TOP, width: room, height: HEIGHT - TOP - BOTTOM }), segments, svg("title", {}, words));
  };

  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `Cost by day, ${dayName(days[0].day)} to ${dayName(days.at(-1).day)}; the table below has the figures` },
    ticks.map((cost, place) => [
      svg("line", { class: place ? "grid" : "base", x1: LEFT, x2: width, y1: y(cost), y2: y(cost) }),
      svg("text", { x: LEFT - 8, y: y(cost) + 4, "text-anchor": "end" }, usd(cost)),
    ]),
    days.map(column),
    days.map((day, place) => ((days.length - 1 - place) % every ? null : place === days.length - 1
        ? svg("text", { x: width, y: HEIGHT - 6, "text-anchor": "end" }, dayName(day.day))
        : svg("text", { x: LEFT + place * room + room / 2, y: HEIGHT - 6, "text-anchor": "middle" }, dayName(day.day)))),
  );
}

export function legend(models) {
  return h(
    "ul",
    { class: "legend" },
    models.map((model, place) => h("li", {}, svg("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { class: colour(place), width: 10, height: 10, rx: 2 })), model)),
  );
}
