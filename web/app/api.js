// The HTTP interface: JSON in, JSON out, every error a problem document (RFC 9457).

import { Signal } from "./signal.js";
import { language, t } from "./words.js";

/** Where every resource is. */
export const PREFIX = "/api/v1";

/** Whether the session ended; the log-in shows itself again. */
export const loggedOut = new Signal(false);

/** An answer that is not what was asked for. */
export class Problem extends Error {
  constructor(status, body) {
    super(words(status, body));
    this.status = status;
    this.type = body.type ?? "about:blank";
    this.body = body;
  }
}

/** Ask for a resource. */
export async function get(path) {
  return answered(await asked(path, {}));
}

/** Send JSON to a resource. */
export async function post(path, body, more = {}) {
  return sent("POST", path, body, more);
}

/** Put JSON in place of a resource. */
export async function put(path, body, more = {}) {
  return sent("PUT", path, body, more);
}

/** Remove a resource. */
export async function remove(path, headers = {}) {
  return answered(await asked(path, { method: "DELETE", headers }));
}

/** Ask for every page of a list. */
export async function everything(path) {
  const rows = [];
  let next = path;
  while (next) {
    const page = await get(next);
    rows.push(...page.items);
    next = page.next ? page.next.slice(PREFIX.length) : null;
  }
  return rows;
}

async function sent(method, path, body, more) {
  const headers = { "Content-Type": "application/json", ...more };
  return answered(await asked(path, { method, headers, body: JSON.stringify(body) }));
}

async function asked(path, options) {
  try {
    return await fetch(PREFIX + path, options);
  } catch {
    throw new Problem(0, {});
  }
}

async function answered(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  const body = await response.json().catch(() => ({}));
  if (response.status === 401) loggedOut.set(true);
  throw new Problem(response.status, body);
}

function words(status, body) {
  if (!status) return t("problem.unreachable");
  if (language() === "zh" && body.detail_zh) return body.detail_zh;
  const slug = (body.type ?? "").split(":").pop();
  const title = t(`problem.${slug}`, {}, body.title ?? t("problem.unknown", { status }));
  return language() === "zh" || !body.detail ? title : body.detail;
}
