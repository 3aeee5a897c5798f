// All jobs of this client, and one of them whole: its text as it comes, then its answer.
import { Failure, get } from "./ask.js";
import { h, swap } from "./dom.js";
import { growing } from "./growing.js";
import * as live from "./live.js";
import { render } from "./markdown.js";
import { firstSteps, noted, panel, status, time } from "./parts.js";
import { cancel, jobTitle, seconds } from "./running.js";
import { count, lasting, plural, usd } from "./words.js";

const STEP = 50;

export function jobRow(job, current = false) {
  return h(
    "a",
    { class: "row", href: `#/jobs/${job.id}`, "data-key": job.id, "aria-current": current ? "true" : null },
    h("span", { class: "between" }, h("span", { class: "title" }, jobTitle(job)), status(job.status)),
    noted([job.tool, time(job.updated), job.status === "running" ? null : usd(job.cost), job.project ? h("span", { class: "tag" }, job.project) : null]),
  );
}

export function show(main, id) {
  const rows = h("div", { class: "scroll" }, h("p", { class: "empty" }, "Looking…"));
  const detail = h("div", { class: "detail" });
  const split = h("div", { class: `split${id ? " open" : ""}` }, h("section", { class: "panel list", "aria-label": "Jobs" }, rows), detail);
  main.replaceChildren(h("div", { class: "headline" }, h("h1", {}, "Jobs")), split);
  let most = STEP;
  let end = null;

  async function refresh() {
    try {
      const found = await get("jobs", { most });
      if (!found.jobs.length) return swap(rows, firstSteps());
      swap(
        rows,
        h("ul", { class: "rows" }, found.jobs.map((job) => h("li", {}, jobRow(job, job.id === id)))),
        found.more ? rest(found) : h("p", { class: "more quiet small" }, `All ${plural(found.jobs.length, "job")} that are still kept.`),
      );
    } catch (failure) {
      swap(rows, h("p", { class: "empty" }, failure.message));
    }
  }

  function rest(found) {
    const all = found.jobs.length >= found.most;
    const more = () => {
      most += STEP;
      refresh();
    };
    return h(
      "div",
      { class: "more" },
      all ? null : h("button", { type: "button", "data-key": "more", onclick: more }, `Show ${STEP} more`),
      h("span", { class: "quiet small" }, all ? `The newest ${count(found.jobs.length)} are shown; the tool jobs finds older ones.` : `The newest ${count(found.jobs.length)} are shown.`),
    );
  }

  refresh();
  if (id) end = one(detail, id);
  else swap(detail, h("section", { class: "panel" }, h("p", { class: "empty" }, "Choose a job to read its answer, or to watch it being written.")));
  const off = live.on("ended", () => setTimeout(refresh, 300));
  return () => {
    off();
    end?.();
  };
}

// One job. While it runs its text grows as plain text; what is finished is set as Markdown.
function one(detail, id) {
  const writing = growing(3);
  const progress = h("p", { class: "facts" });
  let attached = false;
  let over = false;

  async function load() {
    try {
      const job = await get(`jobs/${encodeURIComponent(id)}`);
      if (over) return;
      if (job.status === "running") watch(job);
      else finished(job);
    } catch (failure) {
      const gone = failure instanceof Failure && failure.status === 404;
      swap(detail, h("section", { class: "panel" }, h("p", { class: "empty" }, gone ? "There is no such job any more." : failure.message)));
    }
  }

  function watch(job) {
    const title = jobTitle(job);
    const text = job.kept ? writing.element : h("p", { class: "quiet" }, "This call asked for nothing to be kept, so its text goes to its own client only.");
    const stop = h("button", { type: "button", class: "danger", onclick: () => cancel(id, title) }, "Cancel");
    swap(detail, documentOf(job, title, [stop], progress, h("div", { class: "inside" }, text)));
    tick();
    if (!attached && job.kept) {
      attached = true;
      live.attach(id);
    }
  }

  function tick() {
    const job = live.jobs().find((one) => one.job === id);
    if (job) swap(progress, h("span", { class: "strong" }, job.stage), h("span", {}, lasting(seconds(job))), h("span", {}, `about ${usd(job.about)} so far`));
  }

  function finished(job) {
    const title = jobTitle(job);
    const partial = job.status !== "completed";
    swap(
      detail,
      documentOf(
        job,
        title,
        [],
        null,
        h(
          "div",
          { class: "inside stack" },
          job.fault ? h("p", { class: "note" }, job.fault) : null,
          partial && job.text ? h("p", { class: "quiet" }, "This is what had come until then, and it is incomplete:") : null,
          job.text ? h("div", { class: "prose" }, render(job.text, 3)) : h("p", { class: "quiet" }, nothing(job)),
          job.cut ? h("p", { class: "note" }, `${count(job.cut)} more characters are not shown here; the thread’s export has all of them.`) : null,
        ),
      ),
    );
  }

  const offText = live.on("text", (told) => {
    if (told.job !== id) return;
    if (told.begin) writing.clear();
    if (told.text) writing.add(told.text);
    if (told.over) load();
  });
  const offChange = live.on("change", tick);
  const offEnded = live.on("ended", (job) => job.job === id && setTimeout(load, 300));
  const ticking = setInterval(tick, 1000);
  load();
  return () => {
    over = true;
    offText();
    offChange();
    offEnded();
    clearInterval(ticking);
    live.attach(null);
  };
}

function nothing(job) {
  if (!job.kept) return "The call asked for nothing to be kept.";
  return job.status === "completed" ? "The answer was removed with its thread." : "It had said nothing yet.";
}

function documentOf(job, title, actions, progress, inside) {
  const took = (new Date(job.updated) - new Date(job.created)) / 1000;
  const usage = job.usage;
  return h(
    "article",
    { class: "panel document" },
    h(
      "header",
      {},
      h("a", { class: "back", href: "#/jobs" }, "← All jobs"),
      h("h2", { tabindex: -1 }, title),
      progress ?? noted([
        job.models.join(" + ") || null,
        `took ${lasting(took)}`,
        usd(job.cost),
        usage ? `${count(usage.input_tokens)} tokens in${usage.cached_tokens ? ` (${count(usage.cached_tokens)} cached)` : ""}, ${count(usage.output_tokens)} out` : null,
      ]),
      noted([status(job.status), job.tool, time(job.created), job.project ? h("span", { class: "tag" }, job.project) : null, h("span", { class: "mono" }, job.id)]),
      h("div", { class: "actions" }, actions, job.thread ? h("a", { class: "button", href: `#/threads/${job.thread}` }, "Open its thread") : null),
    ),
    inside,
  );
}
