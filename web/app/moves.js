// What this token may do to a case: a button each, asking for what the move needs.

import { everything, post } from "./api.js";
import { reloadCase } from "./city.js";
import { el, fill } from "./dom.js";
import { notify } from "./notices.js";
import { said, side, t } from "./words.js";

let units = null;

/** Return the moves offered on a case. */
export function movesOf(row, offers) {
  const place = el("div.moves");
  const list = () => fill(place, offers.length
    ? offers.map((offer) => button(offer, () => ask(place, row, offer, list)))
    : [el("p.fine", { text: t("move.none") })]);
  return list();
}

function button(offer, onClick) {
  const obstacle = offer.possible ? "" : t("move.blocked", { move: side(offer), why: said(offer, "obstacle") });
  return el("button.move", {
    type: "button", "data-move": offer.move, "aria-disabled": String(!offer.possible), title: obstacle,
    on: { click: () => (offer.possible ? onClick() : notify(obstacle, { tone: "major", key: "move" })) },
  }, side(offer));
}

async function ask(place, row, offer, onCancel) {
  const fields = await fieldsFor(offer);
  const error = el("p.login-error", { role: "alert", hidden: true });
  const send = el("button.primary", { type: "submit", text: t("move.confirm", { move: side(offer) }) });
  const form = el("form.move-form", {
    on: { submit: (event) => { event.preventDefault(); carry(row, offer, fields, { place, send, error }); } },
  },
  el("h4", { text: side(offer) }),
  said(offer, "warning") ? el("p.move-warning", { role: "alert", text: said(offer, "warning") }) : null,
  ...Object.values(fields).map(({ label, input }) => el("label", {}, label, input)),
  error,
  el("div.move-end", {}, send, el("button.quiet", { type: "button", text: t("move.cancel"), on: { click: onCancel } })));
  fill(place, form);
  form.querySelector("textarea, input, select")?.focus();
}

async function fieldsFor(offer) {
  const fields = {};
  if (offer.needs.includes("worker")) {
    fields.worker = { label: t("move.worker"), input: el("input", { required: true, maxlength: 100 }) };
  }
  if (offer.takes_unit) fields.to_unit = { label: t("move.unit"), input: await unitChoice() };
  const required = offer.needs.includes("note");
  fields.note = {
    label: t(required ? "move.note" : "move.note.optional"),
    input: el("textarea", { rows: 3, required, maxlength: 2000 }),
  };
  return fields;
}

async function unitChoice() {
  units ??= await everything("/units?limit=1000");
  return el("select", {},
    el("option", { value: "", text: t("move.unit.same") }),
    units.map((unit) => el("option", { value: unit.code, text: said(unit, "name") })));
}

async function carry(row, offer, fields, { place, send, error }) {
  send.disabled = true;
  error.hidden = true;
  const body = { move: offer.move };
  if (said(offer, "warning")) body.confirmed = true; // it was read beside the button
  for (const [name, { input }] of Object.entries(fields)) if (input.value) body[name] = input.value;
  try {
    await post(`/cases/${row.id}/moves`, body);
    notify(t("move.done", { move: side(offer) }), { key: "move" });
    fill(place, el("p.fine", { text: t("loading") })); // no form is left: the drawer may be drawn anew
    await reloadCase(row.id);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    send.disabled = false;
  }
}
