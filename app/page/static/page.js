// The page: which view is shown, signing out, and one stream for all of them.
import { post } from "./ask.js";
import * as costs from "./costs.js";
import { announce } from "./dom.js";
import * as jobs from "./jobs.js";
import * as live from "./live.js";
import * as now from "./now.js";
import * as server from "./server.js";
import * as threads from "./threads.js";

const VIEWS = { now, jobs, threads, costs, server };
const TITLES = { now: "Now", jobs: "Jobs", threads: "Threads", costs: "Costs", server: "Server" };
const main = document.getElementById("main");
let end = null;
let shown = null;

function route() {
  const [view = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return [Object.hasOwn(VIEWS, view) ? view : "now", ...rest];
}

function go() {
  const [view, ...rest] = route();
  const moved = shown !== null;
  const scrolled = document.querySelector(".list .scroll")?.scrollTop ?? 0;
  end?.();
  end = VIEWS[view].show(main, ...rest) ?? null;
  if (shown === view) requestAnimationFrame(() => document.querySelector(".list .scroll")?.scrollTo(0, scrolled));
  document.title = `${TITLES[view]} · EXAI status`;
  for (const tab of document.querySelectorAll(".tabs a")) {
    if (tab.dataset.view === view) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (moved) {
    // As a new page would: from its top, and with the keyboard in it.
    if (shown !== view || !rest.length) scrollTo(0, 0);
    main.focus({ preventScroll: true });
    if (shown !== view) announce(TITLES[view]);
  }
  shown = view;
}

// By hand, because the address says which view is shown.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById("leave").addEventListener("click", async () => {
  await post("/status/logout").catch(() => null);
  location.replace("/status");
});
addEventListener("hashchange", go);
live.on("ended", (job) => announce(`${job.title || job.tool} has ended.`));
go();
live.begin();
