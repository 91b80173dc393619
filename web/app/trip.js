// The track on show: loaded for today, and the moment of it that is looked at.

import { PREFIX, get } from "./api.js";
import { Signal } from "./signal.js";
import { midnight } from "./times.js";

/** The track, the moment in microseconds, where the vehicle then was; or null. */
export const trip = new Signal(null);

/** Load a vehicle's track of today. */
export async function loadToday(vehicleId) {
  const query = `from=${midnight().toISOString()}&to=${new Date().toISOString()}`;
  const track = await whole(`/tracks/${vehicleId}?${query}`);
  const last = track.segments.at(-1)?.fixed_us.at(-1) ?? null;
  trip.set({ track, at: last, here: last === null ? null : whereAt(track, last) });
  return track;
}

/** Ask for every part of a track; a part begins with the moment that the one before it ends with. */
async function whole(path) {
  const track = await get(path);
  let next = track.next;
  while (next) {
    const more = await get(next.slice(PREFIX.length));
    track.segments.push(...more.segments);
    track.gaps.push(...more.gaps);
    track.distance_m += more.distance_m;
    next = more.next;
  }
  return track;
}

/** Show no track. */
export function closeTrip() {
  trip.set(null);
}

/** Look at another moment. */
export function lookAt(at) {
  trip.set({ ...trip.value, at, here: whereAt(trip.value.track, at) });
}

/** Return the first and last moment of a track. */
export function span(track) {
  return [track.segments[0].fixed_us[0], track.segments.at(-1).fixed_us.at(-1)];
}

/** Return place and speed at a moment; null in a gap. */
export function whereAt(track, at) {
  const part = track.segments.find(({ fixed_us: times }) => times[0] <= at && at <= times.at(-1));
  if (!part) return null;
  const times = part.fixed_us;
  let low = 0;
  let high = times.length - 1;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle;
    else high = middle;
  }
  const share = high === low ? 0 : (at - times[low]) / (times[high] - times[low]);
  return {
    lon: part.lon[low] + (part.lon[high] - part.lon[low]) * share,
    lat: part.lat[low] + (part.lat[high] - part.lat[low]) * share,
    speed_kmh: part.speed_kmh[share < 0.5 ? low : high],
  };
}
