// A photo: chosen, its faces found, swapped, compared by a slider, downloaded.
import { ask, form } from "./api.js";
import { Cast, offerFaces } from "./faces.js";
import { namesOfPeople, startReferences, tooMuch, wishOfPeople } from "./references.js";

const $ = (id) => document.getElementById(id);

let limits = { max_bytes: Infinity, max_references: Infinity };
let identity = null;
let photo = null; // { file, address, faces, cast }
let result = null; // { address, name }
let running = null; // the AbortController of what is under way
const cache = new Map(); // results of this photo by what was wished

export async function startPhoto(announce) {
  const take = (file) => file && choose(file, announce);
  $("file").addEventListener("change", () => {
    take($("file").files[0]);
    $("file").value = ""; // the same file may be chosen again
  });
  $("another").addEventListener("click", () => $("file").click());
  for (const option of $("look").elements) option.addEventListener("change", () => swap(announce));
  $("look").addEventListener("submit", (event) => event.preventDefault());
  $("strength").addEventListener("input", () => {
    $("strength-shown").textContent = `${$("strength").value} %`;
  });
  $("slider").addEventListener("input", split);
  $("download").addEventListener("click", (event) => result || event.preventDefault());
  acceptDrops($("photo-stage"), take);
  startReferences(() => limits, () => identity, () => swap(announce), (sentence) => fail(sentence, announce));
  addEventListener("paste", (event) => take([...event.clipboardData.files][0]));
  try {
    limits = await (await ask("/api/limits")).json();
    $("limits").textContent = `Up to ${Math.floor(limits.max_bytes / 1e6)} MB. `;
  } catch {
    // The gallery says that the server does not answer.
  }
}

export function useIdentity(one, announce) {
  identity = one;
  if (photo?.faces) swap(announce);
}

export function takeFile(file, announce) {
  return choose(file, announce);
}

async function choose(file, announce) {
  running?.abort();
  const stop = (running = new AbortController());
  clear();
  if (file.size > limits.max_bytes) {
    const most = Math.floor(limits.max_bytes / 1e6);
    fail(`${file.name} is ${(file.size / 1e6).toFixed(1)} MB; this server takes up to ${most} MB.`);
    return;
  }
  photo = { file, address: URL.createObjectURL(file), faces: null, cast: null };
  await show(photo.address);
  if (stop.signal.aborted) return;
  busy("Looking for faces");
  try {
    const answer = await ask("/api/faces", { ...form({ photo: file }), signal: stop.signal });
    const found = await answer.json();
    photo.faces = found.faces;
    photo.cast = new Cast(found.faces);
    shape(found.width, found.height);
    offerFaces(found, photo.cast, () => swap(announce));
    if (found.faces.length > 1) announce(`${found.faces.length} faces found; all are chosen.`);
  } catch (error) {
    if (error.name !== "AbortError") fail(error.message, announce);
    return;
  }
  await swap(announce);
}

async function swap(announce) {
  if (!photo?.faces) return;
  $("photo-error").hidden = true;
  if (!identity) {
    busy(null);
    facts("Choose an identity to swap in.");
    return;
  }
  const people = wishOfPeople();
  if (!photo.cast.chosen.size && !people.map) {
    busy(null);
    showResult(null);
    facts("Choose at least one face.");
    return;
  }
  const large = tooMuch(photo.file, limits);
  if (large) {
    fail(large, announce);
    return;
  }
  const chosen = photo.cast.wish(identity);
  const wish = { ...chosen, ...look(), ...people };
  if (people.map) wish.map = [...(chosen.map ?? []), ...people.map];
  const names = [...new Set([...photo.cast.names(identity), ...namesOfPeople()])];
  const key = JSON.stringify(wish, (_, value) =>
    value instanceof File ? [value.name, value.size, value.lastModified] : value,
  );
  running?.abort();
  const stop = (running = new AbortController());
  try {
    if (!cache.has(key)) {
      busy(`Swapping in ${names.join(" and ")}`);
      const started = performance.now();
      const options = { ...form({ photo: photo.file, ...wish }), signal: stop.signal };
      const answer = await ask("/api/swap", options);
      const picture = await answer.blob();
      cache.set(key, {
        address: URL.createObjectURL(picture),
        name: nameOf(answer, picture),
        bytes: picture.size,
        faces: Number(answer.headers.get("Zoo-Faces")),
        dropped: answer.headers.get("Zoo-Dropped"),
        missing: answer.headers.get("Zoo-Missing"),
        seconds: (performance.now() - started) / 1000,
        names: namesOf(answer),
      });
    }
    if (stop.signal.aborted) return;
    showResult(cache.get(key));
    announce(`${result.names.join(" and ")} swapped in.`);
  } catch (error) {
    if (error.name !== "AbortError") fail(error.message, announce);
  }
}

function look() {
  const keep = [...$("look").querySelectorAll('input[name="keep"]:checked')];
  return {
    method: $("method").value,
    keep: keep.map((part) => part.value).join(","),
    strength: Number($("strength").value) / 100,
  };
}

function showResult(made) {
  result = made;
  busy(null);
  const shown = Boolean(made);
  for (const id of ["after", "line", "slider", "tag-before", "tag-after"]) $(id).hidden = !shown;
  const link = $("download");
  link.toggleAttribute("href", shown);
  link.setAttribute("aria-disabled", String(!shown));
  if (!made) return;
  $("after").src = made.address;
  $("after").alt = `Your photo with ${made.names.join(" and ")} swapped in`;
  $("tag-after").textContent = made.names.map((name) => name.replace(/ v\d+$/, "")).join(", ");
  link.href = made.address;
  link.download = made.name;
  const count = made.faces === 1 ? "1 face" : `${made.faces} faces`;
  const dropped = made.dropped ? ` · left out: ${made.dropped}` : "";
  const missing = made.missing ? ` · not there: ${made.missing}` : "";
  facts(`${made.names.join(", ")} · ${count}${missing} · ${made.seconds.toFixed(2)} s · signed as synthetic${dropped}`);
  split();
}

function split() {
  const at = Number($("slider").value);
  $("picture").style.setProperty("--split", `${at}%`);
  $("slider").setAttribute("aria-valuetext", `${at} percent photo, ${100 - at} percent swap`);
}

async function show(address) {
  $("drop").hidden = true;
  $("picture").hidden = false;
  $("photo-strip").hidden = false;
  const image = $("before");
  image.src = address;
  try {
    await image.decode();
    shape(image.naturalWidth, image.naturalHeight);
    $("picture").classList.remove("unseen-before");
  } catch {
    // This browser cannot show the format; the server may still read it.
    $("picture").classList.add("unseen-before");
    shape(4, 3);
  }
}

function shape(width, height) {
  $("picture").style.setProperty("--ratio", width / height);
  $("picture").style.setProperty("--natural", `${Math.max(width, 160)}px`);
}

function clear() {
  showResult(null);
  if (photo) URL.revokeObjectURL(photo.address);
  for (const made of cache.values()) URL.revokeObjectURL(made.address);
  cache.clear();
  photo = null;
  $("photo-error").hidden = true;
  $("drop").hidden = false;
  $("picture").hidden = true;
  $("photo-strip").hidden = true;
  $("faces").hidden = true;
  $("outlines").replaceChildren();
  facts("");
}

function fail(sentence, announce = () => {}) {
  busy(null);
  $("photo-error").textContent = sentence;
  $("photo-error").hidden = false;
  announce("");
  if (photo && !photo.faces) {
    const [kept, shown] = [photo.address, $("before").src];
    facts("");
    if (kept === shown) showResult(null);
  }
}

function busy(text) {
  $("busy").hidden = !text;
  if (text) $("busy-text").textContent = text;
  $("picture").setAttribute("aria-busy", String(Boolean(text)));
}

function facts(text) {
  $("facts").textContent = text;
}

// Whose faces it shows: somebody who was chosen may not be in the photo.
function namesOf(answer) {
  const networks = (answer.headers.get("Zoo-Network") ?? "").split(", ");
  return networks.map((network) => network.split(";")[0].replace(":", " v"));
}

function nameOf(answer, picture) {
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  return named?.[1] ?? `swapped.${picture.type.split("/")[1]}`;
}

function acceptDrops(stage, take) {
  let depth = 0;
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    stage.classList.toggle("over", depth > 0);
  };
  stage.addEventListener("dragenter", (event) => (event.preventDefault(), mark(1)));
  stage.addEventListener("dragleave", () => mark(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault(); // a photo dropped beside the stage must not replace the page
    mark(-depth);
    take(event.dataTransfer.files[0]);
  });
}
