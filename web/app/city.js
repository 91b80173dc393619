// What the page knows of the city: loaded once, then kept by the live stream.

import { everything, get } from "./api.js";
import { Signal } from "./signal.js";
import { Stream } from "./stream.js";

const STATES_EVERY_MS = 10_000;
const MOST_CASES = 500;
const LAZY_RELOAD = 20; // so many changed cases at once are fetched as one list
const FUTURE = 2; // quality bit: such a fix never becomes the newest

/** Figures at the top: devices by kind and state, open cases, the journal's age. */
export const health = new Signal(null);
/** Cases by id: the open ones, or the newest closed ones. */
export const cases = new Signal(new Map());
/** Which cases the list shows: open or closed. */
export const shown = new Signal("open");
/** Devices by id, with their state. */
export const devices = new Signal(new Map());
/** Vehicles by the id of their terminal, with their newest fix. */
export const vehicles = new Signal(new Map());
/** Words of stages, moves, roles, by kind. */
export const words = new Signal(null);
/** The newest case that arrived by itself, for announcing. */
export const arrived = new Signal(null);
/** The last failure of loading, for telling. */
export const failed = new Signal(null);

const stream = new Stream({ case: onCase, position: onPosition, gap: loadAll, edge: refreshSoon });
const pending = new Set(); // cases told of that are still to be fetched
const lists = new Set(); // of each list that is under way: the cases told of meanwhile
let draining = null;
let timer = 0;

/** Load everything, then listen from the number before it was loaded. */
export async function enter() {
  words.set(await get("/words"));
  const { seq } = await loadAll();
  stream.open(seq);
  clearInterval(timer);
  timer = setInterval(refresh, STATES_EVERY_MS);
}

/** Stop listening, and forget what was shown. */
export function leave() {
  stream.close();
  clearInterval(timer);
  pending.clear();
  cases.set(new Map());
  devices.set(new Map());
  vehicles.set(new Map());
}

/** Show open cases, or closed ones. */
export async function show(which) {
  shown.set(which);
  cases.set(await loadCases());
}

/** Fetch one case again, wherever it stands now. */
export async function reloadCase(id) {
  pending.add(id);
  await drain();
}

async function loadAll() {
  const figures = await get("/health");
  const [found, all, fleet] = await Promise.all([
    loadCases(), everything("/devices?limit=5000"), everything("/positions?limit=1000"),
  ]);
  health.set({ ...figures, readAt: Date.now() });
  devices.set(new Map(all.map((device) => [device.id, device])));
  vehicles.set(new Map(fleet.map((vehicle) => [vehicle.device_id, timed(vehicle)])));
  cases.set(found);
  return figures;
}

/** Load the list; what changed while it was on its way is fetched again, for it may be older. */
async function loadCases() {
  const meanwhile = new Set();
  lists.add(meanwhile);
  try {
    const page = await get(`/cases?open=${shown.value === "open"}&limit=${MOST_CASES}`);
    return new Map(page.items.map((row) => [row.id, row]));
  } finally {
    lists.delete(meanwhile);
    meanwhile.forEach((id) => pending.add(id));
    drain();
  }
}

async function refresh() {
  try {
    const [figures, states] = await Promise.all([get("/health"), get("/states")]);
    health.set({ ...figures, readAt: Date.now() });
    states.device_id.forEach((id, i) => {
      const device = devices.value.get(id);
      if (device) Object.assign(device, { state: states.state[i], state_reason: states.state_reason[i] });
    });
    devices.touch();
    await drain(); // what could not be fetched before
    if (isShort(figures)) cases.set(await loadCases());
    failed.set(null);
  } catch (problem) {
    failed.set(problem);
  }
}

/** Tell whether the list lacks cases or keeps some, such as one sent on to another unit. */
function isShort(figures) {
  const open = figures.cases.reduce((sum, row) => sum + row.open, 0);
  return shown.value === "open" && !draining && Math.min(open, MOST_CASES) !== cases.value.size;
}

function refreshSoon() {
  clearTimeout(refreshSoon.timer);
  refreshSoon.timer = setTimeout(refresh, 400);
}

function onCase(told) {
  pending.add(told.case_id);
  lists.forEach((list) => list.add(told.case_id));
  refreshSoon();
  drain();
}

/** Fetch what is pending, one round after the other, so that no older answer comes last. */
function drain() {
  if (!draining && pending.size) draining = drained();
  return draining;
}

async function drained() {
  let ids = [];
  try {
    while (pending.size) {
      ids = [...pending];
      pending.clear();
      await take(ids);
    }
  } catch (problem) {
    ids.forEach((id) => pending.add(id)); // the next look tries again
    failed.set(problem);
  } finally {
    draining = null;
  }
}

async function take(ids) {
  if (ids.length > LAZY_RELOAD) {
    cases.set(await loadCases());
    return;
  }
  const before = new Set(cases.value.keys());
  for (const row of await Promise.all(ids.map(caseOrNothing))) {
    if (!row) continue;
    place(row);
    if (!before.has(row.id) && !row.closed_at) arrived.set(row);
  }
  cases.touch();
}

async function caseOrNothing(id) {
  try {
    return await get(`/cases/${id}`);
  } catch (problem) {
    if (problem.status === 404) return null;
    throw problem;
  }
}

function place(row) {
  const belongs = (shown.value === "open") === !row.closed_at;
  if (belongs) cases.value.set(row.id, row);
  else cases.value.delete(row.id);
}

function onPosition(columns) {
  columns.device_id.forEach((id, i) => {
    const vehicle = vehicles.value.get(id);
    if (!vehicle || columns.quality[i] & FUTURE || columns.fixed_us[i] <= vehicle.fixed_us) return;
    Object.assign(vehicle, {
      fixed_us: columns.fixed_us[i], lon: columns.lon[i], lat: columns.lat[i],
      speed_kmh: columns.speed_kmh[i], course_deg: columns.course_deg[i],
      quality: columns.quality[i], received_at: columns.received_at,
    });
  });
  vehicles.touch();
}

function timed(vehicle) {
  return { ...vehicle, fixed_us: vehicle.fixed_at ? Date.parse(vehicle.fixed_at) * 1000 : 0 };
}
