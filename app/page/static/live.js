// What happens now, from every replica: by server-sent events, or by asking when those cannot be had.
import { get, signIn } from "./ask.js";

const POLL_MS = 4000;
const TRIES = 3; // failures in a row before the page asks instead of listening
const LISTEN_AGAIN_MS = 60000;
const GONE_MS = 16000; // a replica repeats itself every 5 s

const replicas = new Map(); // name -> { told, at }
const handlers = { change: new Set(), ended: new Set(), text: new Set(), link: new Set() };
let source = null;
let attached = null;
let failures = 0;
let timer = 0;

export const on = (name, handler) => {
  handlers[name].add(handler);
  return () => handlers[name].delete(handler);
};
const tell = (name, value) => handlers[name].forEach((handler) => handler(value));

export const jobs = () => [...replicas.values()].flatMap(({ told }) => told.jobs.map((job) => ({ ...job, replica: told.replica })));
export const known = () => [...replicas.values()].map(({ told }) => told);

function take(told) {
  const before = new Map((replicas.get(told.replica)?.told.jobs ?? []).map((job) => [job.job, job]));
  replicas.set(told.replica, { told, at: Date.now() });
  for (const job of told.jobs) before.delete(job.job);
  tell("change");
  for (const job of before.values()) tell("ended", job);
}

function forget() {
  const old = [...replicas].filter(([, { at }]) => Date.now() - at > GONE_MS);
  for (const [name, { told }] of old) {
    replicas.delete(name);
    told.jobs.forEach((job) => tell("ended", job));
  }
  if (old.length) tell("change");
}

function link(state, words) {
  const element = document.getElementById("link");
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  element.querySelector(".said").textContent = words;
  tell("link", state);
}

function listen() {
  clearTimeout(timer);
  const query = attached ? `?attach=${encodeURIComponent(attached)}` : "";
  source = new EventSource(`/status/events${query}`);
  const data = (event) => JSON.parse(event.data);
  source.addEventListener("replica", (event) => {
    failures = 0;
    link("live", "live");
    take(data(event));
  });
  source.addEventListener("began", (event) => tell("text", { ...data(event), begin: true }));
  source.addEventListener("said", (event) => tell("text", data(event)));
  source.addEventListener("over", (event) => tell("text", { ...data(event), over: true }));
  source.addEventListener("expired", signIn);
  source.addEventListener("leaving", again);
  source.onerror = again;
}

// A stream that ended is opened anew, which may lead to another replica; past a few failures the page asks.
function again() {
  stop();
  failures += 1;
  if (failures > TRIES) {
    poll(Date.now() + LISTEN_AGAIN_MS);
    return;
  }
  link("away", "reconnecting");
  timer = setTimeout(listen, 1000 * failures);
}

async function poll(until) {
  try {
    const { replicas: told } = await get("live");
    told.forEach(take);
    link("asking", "asking every few seconds");
  } catch {
    link("away", "no connection");
  }
  timer = Date.now() > until ? setTimeout(listen, POLL_MS) : setTimeout(poll, POLL_MS, until);
}

function stop() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

// One job's text comes with the same stream, so that a page never holds two.
export function attach(job) {
  if (job === attached) return;
  attached = job;
  if (source) {
    stop();
    listen();
  }
}

export function begin() {
  listen();
  setInterval(forget, 5000);
  // A page nobody sees listens to nothing; it catches up when it is looked at.
  document.addEventListener("visibilitychange", () => {
    stop();
    if (!document.hidden) {
      failures = 0;
      listen();
    }
  });
}
