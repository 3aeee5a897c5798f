// Asks the server. A login that is over leads back to the door; every other failure is a sentence.
const KEY = document.body.dataset.formKey;
const API = "/status/api";
const PATIENCE_MS = 15000;
const TRIES = 3; // of what only reads, when the network itself failed
const PAUSE_MS = 400;

export class Failure extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export function signIn() {
  location.reload();
}

async function reach(path, options, tries) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    if (tries <= 1) throw new Failure(0, "The server does not answer; it is tried again.");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    return reach(path, options, tries - 1);
  }
}

async function send(path, options) {
  const response = await reach(path, options, options.method === "POST" ? 1 : TRIES);
  if (response.status === 401) {
    signIn();
    return new Promise(() => {}); // the page is on its way
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Failure(response.status, body.error ?? `The server answered ${response.status}.`);
  return body;
}

export const get = (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given).toString();
  return send(`${API}/${path}${text ? `?${text}` : ""}`, { headers: { Accept: "application/json" } });
};

export const post = (path, headers = {}) =>
  send(path.startsWith("/") ? path : `${API}/${path}`, { method: "POST", headers: { "X-Form-Key": KEY, ...headers } });

export const exportPath = (thread, format) => `${API}/threads/${encodeURIComponent(thread)}/export?format=${format}`;
