// The jobs that run now, on any replica. Each has one element that is changed, never remade, while it runs.
import { post } from "./ask.js";
import { confirm } from "./dialog.js";
import { announce, h, setText } from "./dom.js";
import * as live from "./live.js";
import { plural, lasting, usd } from "./words.js";

export const seconds = (job) => Date.now() / 1000 - job.began;
export const jobTitle = (job) => job.title || (job.kept === false ? "Nothing of this call is kept" : "Untitled");

export async function cancel(id, title) {
  const sentence = `“${title}” stops, and so does its cost. What it has said so far is kept, unless the call asked for nothing to be kept.`;
  if (!(await confirm("Cancel this job?", sentence, "Cancel the job", "Let it run"))) return;
  try {
    await post(`jobs/${encodeURIComponent(id)}/cancel`);
    announce("The job was asked to stop.");
  } catch (failure) {
    announce(failure.message);
  }
}

function make(job) {
  const parts = { stage: h("span", { class: "strong" }), time: h("span"), cost: h("span"), said: h("span") };
  const title = jobTitle(job);
  const element = h(
    "li",
    { class: "job", "data-job": job.job },
    h("p", { class: "title" }, title),
    h(
      "div",
      { class: "actions" },
      h("a", { href: `#/jobs/${job.job}`, "data-key": `attach-${job.job}`, class: "button accent", "aria-label": `Attach to ${title}` }, "Attach"),
      h("button", { type: "button", "data-key": `cancel-${job.job}`, "aria-label": `Cancel ${title}`, onclick: () => cancel(job.job, title) }, "Cancel"),
    ),
    h("p", { class: "facts" }, h("span", {}, job.tool), parts.stage, parts.time, parts.cost, parts.said, job.project ? h("span", { class: "tag" }, job.project) : null),
    h("div", { class: "track", "aria-hidden": "true" }),
  );
  return { element, parts };
}

function update({ parts }, job) {
  setText(parts.stage, job.stage.includes(job.model) ? job.stage : [job.model, job.stage].filter(Boolean).join(", "));
  setText(parts.time, lasting(seconds(job)));
  setText(parts.cost, `about ${usd(job.about)} so far`);
  setText(parts.said, job.characters ? plural(job.characters, "character") : "nothing said yet");
}

// Keeps a list in step with what the replicas tell; returns what ends that.
export function runningList(list, empty) {
  const made = new Map();
  const show = () => {
    const jobs = live.jobs().sort((a, b) => b.began - a.began);
    const present = new Set(jobs.map((job) => job.job));
    for (const [id, { element }] of made) {
      if (present.has(id)) continue;
      element.remove();
      made.delete(id);
    }
    jobs.forEach((job, place) => {
      if (!made.has(job.job)) made.set(job.job, make(job));
      const entry = made.get(job.job);
      update(entry, job);
      if (list.children[place] !== entry.element) list.insertBefore(entry.element, list.children[place] ?? null);
    });
    list.hidden = jobs.length === 0;
    empty.hidden = jobs.length > 0;
  };
  show();
  const off = live.on("change", show);
  const ticking = setInterval(show, 1000);
  return () => {
    off();
    clearInterval(ticking);
  };
}
