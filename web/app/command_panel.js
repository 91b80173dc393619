// Telling a lamp or a cabinet what to do, and how far that has come: sent is not done.

import { get, post, remove } from "./api.js";
import { el, fill } from "./dom.js";
import { notify } from "./notices.js";
import { released } from "./press.js";
import { ago } from "./times.js";
import { t } from "./words.js";

const LOOK_MS = 1000;
const SURE_MS = 4000;
const SHOWN = 5;
const LASTS_S = 600;
const ORDERS = {
  lamp: [{ what: "switch", on: true }, { what: "dim", pct: 70 }, { what: "dim", pct: 40 }, { what: "switch", on: false }],
  cabinet: [{ what: "switch", on: true }, { what: "switch", on: false }],
};

/** Return the panel of a device that can be told something; null of any other. */
export async function commandsOf(device) {
  const orders = ORDERS[device.kind];
  if (!orders) return null;
  const known = await newest(device).catch(() => null); // another unit's device
  if (!known) return null;
  const list = el("ol.commands");
  const buttons = orders.map((order) => button(order, device, () => follow(device, list)));
  show(list, known, device);
  if (known.some((row) => !row.settled_at)) follow(device, list);
  return el("section", {}, el("h3", { text: t("device.commands") }), el("div.moves", {}, buttons), list);
}

async function newest(device) {
  return (await get(`/devices/${encodeURIComponent(device.code)}/commands?limit=${SHOWN}`)).items;
}

/** A button that asks once more before it acts: it moves real hardware. */
function button(order, device, onAsked) {
  let sure = 0;
  const made = el("button.move", { type: "button", text: words(order, device.kind), on: { click: () => press() } });
  const calm = () => {
    clearTimeout(sure);
    sure = 0;
    delete made.dataset.armed;
    made.textContent = words(order, device.kind);
  };
  const press = async () => {
    if (!sure) {
      made.dataset.armed = "yes";
      made.textContent = t("command.sure", { what: words(order, device.kind) });
      sure = setTimeout(calm, SURE_MS);
      return;
    }
    calm();
    made.disabled = true;
    await ask(order, device).then(onAsked, (problem) => notify(problem.message, { tone: "bad", key: "command" }));
    made.disabled = false;
  };
  return made;
}

function ask(order, device) {
  const key = `page ${Date.now()} ${Math.random()}`;
  const path = `/devices/${encodeURIComponent(device.code)}/commands`;
  return post(path, { order, expires_in_s: LASTS_S }, { "Idempotency-Key": key });
}

/** Look again and again until nothing is awaited any more, or the list is gone. */
async function follow(device, list) {
  const rows = await newest(device).catch(() => []);
  await released();
  show(list, rows, device);
  if (list.dataset.followed || !rows.some((row) => !row.settled_at)) return;
  list.dataset.followed = "yes";
  setTimeout(() => {
    delete list.dataset.followed;
    if (list.isConnected) follow(device, list);
  }, LOOK_MS);
}

function show(list, rows, device) {
  fill(list, rows.map((row) => el("li.command", { "data-state": row.state, title: row.detail },
    el("b", { text: words(row.order, device.kind) }),
    el("span.command-state", { text: t(`command.${row.state}`) }),
    row.state === "queued" ? takeBack(row, device, list) : null,
    el("time", { datetime: row.asked_at, text: ago(row.asked_at) }),
    el("span.command-who", { text: row.asked_by }))));
}

function takeBack(row, device, list) {
  const back = async () => {
    await remove(`/commands/${row.id}`).catch((problem) => notify(problem.message, { tone: "bad", key: "command" }));
    await follow(device, list);
  };
  return el("button.quiet", { type: "button", text: t("command.cancel"), on: { click: back } });
}

/** Return what an order is called, of a kind of device. */
export function words(order, kind) {
  if (order.what === "switch") return t(`command.${kind === "cabinet" ? "close" : "switch"}.${order.on ? "on" : "off"}`);
  if (order.what === "dim") return t("command.dim", { n: order.pct });
  return t(`command.${order.what}`, {}, order.what);
}
