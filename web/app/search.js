// Search: a device by its code, a vehicle by its plate, a case by its number.

import { cases, devices, vehicles } from "./city.js";
import { el, fill } from "./dom.js";
import { icon } from "./icons.js";
import { route } from "./route.js";
import { said, t, tongue } from "./words.js";

const MOST = 8;

/** Show the search. */
export function showSearch(place) {
  const found = el("ul.search-found", { hidden: true });
  const input = el("input", {
    type: "search", autocomplete: "off", spellcheck: "false",
    on: {
      input: () => draw(found, input.value.trim()),
      keydown: (event) => event.key === "ArrowDown" && found.querySelector("button")?.focus(),
    },
  });
  const form = el("form", { role: "search", on: { submit: (event) => { event.preventDefault(); found.querySelector("button")?.click(); } } },
    icon("search", 17), input, found);
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) found.hidden = true;
  });
  found.addEventListener("click", () => {
    input.value = "";
    found.hidden = true;
  });
  fill(place, form);
  tongue.watch(() => {
    input.placeholder = t("search");
    input.setAttribute("aria-label", t("search"));
  });
}

function draw(place, text) {
  place.hidden = !text;
  if (!text) return;
  const rows = [...hits(text.toLowerCase())].slice(0, MOST);
  fill(place, rows.length
    ? rows.map(({ kind, id, mark, title, words }) => el("li", {}, el("button", { type: "button", on: { click: () => route.open(kind, id) } },
      icon(mark, 16), el("b", { text: title }), el("span", { text: words }))))
    : [el("li.search-none", { text: t("search.none", { text }) })]);
}

function* hits(text) {
  for (const row of cases.value.values()) {
    if (row.number.includes(text) || said(row, "title").toLowerCase().includes(text)) {
      yield { kind: "case", id: row.id, mark: row.device_kind, title: said(row, "title"), words: row.number };
    }
  }
  for (const vehicle of vehicles.value.values()) {
    if (vehicle.vehicle_code.toLowerCase().includes(text)) {
      yield { kind: "device", id: vehicle.device_id, mark: "vehicle", title: vehicle.vehicle_code, words: said(vehicle, "name") };
    }
  }
  for (const device of devices.value.values()) {
    const words = `${device.code} ${device.component_code ?? ""} ${said(device, "name")} ${device.address_zh}`;
    if (device.kind !== "vehicle" && words.toLowerCase().includes(text)) {
      yield { kind: "device", id: device.id, mark: device.kind, title: device.code, words: said(device, "name") };
    }
  }
}
