// The field for a geofence's kind: any word, and the ones that rules look for with what they say.

import { el, fill } from "../dom.js";
import { said, t } from "../words.js";
import { draft, note } from "./draft.js";

/** Return the field; `field` puts a label and what is wrong around an input. */
export function kindField(known, field) {
  const input = el("input", { name: "kind", maxlength: 64, autocomplete: "off", spellcheck: "false", placeholder: "no_entry", value: draft.value.kind });
  const set = (kind) => note({ kind, faults: { ...draft.value.faults, kind: "" } });
  input.addEventListener("input", () => set(input.value.trim()));
  const { node, draw: fault } = field("kind", el("span", { text: t("fence.field.kind") }), input);
  const choices = el("div.pen-kinds", { role: "group", "aria-label": t("fence.kinds") }, known.items.filter(({ kind }) => kind).map((item) => el("button.pen-kind", {
    type: "button", "data-kind": item.kind, title: meaning(item), on: { click: () => { input.value = item.kind; set(item.kind); } },
  }, el("b", { text: item.kind }), el("span", { text: meaning(item) }))));
  const says = el("p.fine.pen-meaning");
  const draw = (row) => {
    fault(row);
    choices.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.kind === row.kind)));
    const item = known.items.find(({ kind }) => kind === row.kind);
    fill(says, !row.kind ? t("fence.kind.none") : item?.rules.length ? null : t("fence.kind.idle", { kind: row.kind }));
  };
  return { node: el("div.pen-kind-field", {}, node, choices, says), draw };
}

function meaning({ rules, geofences }) {
  return rules.length ? rules.map((rule) => said(rule, "name")).join("，") : t("fence.kind.label", { n: geofences });
}
