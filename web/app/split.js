// Splitting a group's case: its members have nothing to do with each other, and each is filed alone.

import { post } from "./api.js";
import { reloadCase } from "./city.js";
import { el, fill } from "./dom.js";
import { notify } from "./notices.js";
import { moment } from "./times.js";
import { t } from "./words.js";

const MAY = new Set(["dispatcher", "supervisor", "admin"]);

/** Return who split a case, and the button for roles that may, while a member stands. */
export function splitOf(row, { members, splits, role }) {
  const place = el("div.split");
  const stands = members.some((member) => !member.left_at);
  const list = () => fill(place,
    splits.map(told),
    MAY.has(role) && stands ? el("button.move", { type: "button", "data-move": "split", text: t("split"), on: { click: () => ask(place, row, list) } }) : null);
  return list();
}

function ask(place, row, onCancel) {
  const why = el("textarea", { rows: 3, required: true, maxlength: 2000 });
  const error = el("p.login-error", { role: "alert", hidden: true });
  const send = el("button.primary", { type: "submit", text: t("split.confirm") });
  fill(place, el("form.move-form", {
    on: { submit: (event) => { event.preventDefault(); split(row, why.value, { place, send, error }); } },
  },
  el("h4", { text: t("split") }),
  el("label", {}, t("split.why"), why),
  error,
  el("div.move-end", {}, send, el("button.quiet", { type: "button", text: t("move.cancel"), on: { click: onCancel } }))));
  why.focus();
}

async function split(row, reason, { place, send, error }) {
  send.disabled = true;
  error.hidden = true;
  try {
    const { items } = await post(`/cases/${row.id}/splits`, { reason });
    notify(t("split.done"), { key: "split" });
    fill(place, items.map(told)); // no form is left: the drawer may be drawn anew
    await reloadCase(row.id);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    send.disabled = false;
  }
}

function told(done) {
  return el("p.fine", { text: t("split.was", { who: done.actor, at: moment(done.split_at), why: done.reason }) });
}
