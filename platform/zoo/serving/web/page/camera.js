// The camera: frames go over a WebSocket, three at a time, and come back swapped.
import { socketAddress } from "./api.js";

const $ = (id) => document.getElementById(id);
const WIDTH = 640; // pixels of what is sent
const AHEAD = 3; // frames under way: one is swapped, one is tracked, one waits or is on its way
const QUALITY = 0.8;
const HEAD = 7; // bytes before the JPEG of an answer
const LOST = 20000; // ms after which an answer is no longer waited for
const [SWAPPED, PASSED_OVER] = [1, 2]; // what became of a frame

const video = $("video");
const out = $("out");
const capture = document.createElement("canvas");

let identity = null;
let stream = null;
let socket = null;
let sent = new Map(); // number → when
let passedOver = []; // numbers, since the last answer that was not that
let number = 0;
let shown = []; // when the frames of the last two seconds were drawn
let delays = [];
let ticking = null;

export function startCamera(announce, onPicture) {
  $("start").addEventListener("click", () => open(announce));
  $("stop").addEventListener("click", () => stopCamera());
  $("mirror").addEventListener("change", reflect);
  $("inset").addEventListener("change", () => (video.hidden = !$("inset").checked));
  $("snap").addEventListener("click", async () => {
    const full = document.createElement("canvas");
    [full.width, full.height] = [video.videoWidth, video.videoHeight];
    full.getContext("2d").drawImage(video, 0, 0);
    const blob = await new Promise((done) => full.toBlob(done, "image/jpeg", 0.95));
    onPicture(new File([blob], "camera.jpg", { type: "image/jpeg" }));
  });
  reflect();
}

export function useIdentity(one) {
  const changed = identity?.name !== one.name || identity?.version !== one.version;
  identity = one;
  if (stream && changed) connect();
}

export async function open(announce) {
  if (stream) return;
  fail(null);
  if (!identity) {
    fail("Choose an identity first; without one there is nothing to swap in.");
    return;
  }
  if (!navigator.mediaDevices) {
    fail("Browsers give the camera only to https pages and to localhost; start the server with --cert and --key.");
    return;
  }
  $("start").disabled = true;
  $("start").textContent = "Waiting for the camera";
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" },
    });
  } catch (error) {
    const reasons = {
      NotAllowedError: "The camera was refused; allow it for this page in the browser and try again.",
      NotFoundError: "No camera was found; plug one in and try again.",
      NotReadableError: "The camera is in use by another program; close that and try again.",
    };
    fail(reasons[error.name] ?? `The camera cannot be used: ${error.message}.`);
    return;
  } finally {
    $("start").disabled = false;
    $("start").textContent = "Start the camera";
  }
  video.srcObject = stream;
  await video.play();
  const scale = Math.min(1, WIDTH / video.videoWidth);
  capture.width = out.width = Math.round(video.videoWidth * scale);
  capture.height = out.height = Math.round(video.videoHeight * scale);
  $("live").style.setProperty("--ratio", out.width / out.height);
  $("live").style.setProperty("--natural", `${out.width}px`);
  $("camera-empty").hidden = true;
  $("live").hidden = false;
  $("camera-strip").hidden = false;
  connect();
  announce("The camera is on.");
}

export function stopCamera() {
  socket?.close();
  socket = null;
  clearInterval(ticking);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.srcObject = null;
  $("camera-empty").hidden = false;
  $("live").hidden = true;
  $("camera-strip").hidden = true;
}

function connect() {
  socket?.close();
  clearInterval(ticking);
  sent = new Map();
  passedOver = [];
  shown = [];
  delays = [];
  $("live").classList.add("waiting");
  $("camera-facts").textContent = `Connecting with ${identity.name}`;
  const reference = encodeURIComponent(`${identity.name}:${identity.version}`);
  const mine = (socket = new WebSocket(socketAddress(`/api/live?identity=${reference}`)));
  mine.binaryType = "arraybuffer";
  mine.onopen = () => {
    $("camera-facts").textContent = `${identity.name} v${identity.version} · frames are marked as synthetic`;
    pump(mine);
  };
  let refusal = null;
  mine.onmessage = (event) => {
    if (typeof event.data === "string") refusal = JSON.parse(event.data).detail;
    else answer(mine, event.data);
  };
  mine.onclose = () => {
    if (mine !== socket) return;
    stopCamera();
    fail(refusal ?? "The connection to the server was lost; start the camera again.");
  };
  ticking = setInterval(report, 500);
}

function pump(mine) {
  if (mine !== socket || mine.readyState !== WebSocket.OPEN) return;
  const now = performance.now();
  for (const [key, when] of sent) if (now - when > LOST) sent.delete(key);
  if (sent.size < AHEAD) send(mine);
  const next = () => pump(mine);
  if (document.hidden || !video.requestVideoFrameCallback) setTimeout(next, 33);
  else video.requestVideoFrameCallback(next);
}

function send(mine) {
  const mark = (number = (number + 1) >>> 0);
  sent.set(mark, performance.now());
  capture.getContext("2d").drawImage(video, 0, 0, capture.width, capture.height);
  capture.toBlob(
    async (blob) => {
      if (!blob) {
        sent.delete(mark); // it cannot be sent, and will not be answered
        return;
      }
      const jpeg = new Uint8Array(await blob.arrayBuffer());
      if (mine.readyState !== WebSocket.OPEN) return; // it may have closed meanwhile
      const message = new Uint8Array(4 + jpeg.length);
      new DataView(message.buffer).setUint32(0, mark);
      message.set(jpeg, 4);
      mine.send(message);
    },
    "image/jpeg",
    QUALITY,
  );
}

async function answer(mine, data) {
  const view = new DataView(data);
  const [mark, server, outcome] = [view.getUint32(0), view.getUint16(4), view.getUint8(6)];
  const started = sent.get(mark);
  if (outcome === PASSED_OVER) {
    passedOver.push(mark); // another one now would only pass over the next
    return;
  }
  for (const key of [mark, ...passedOver]) sent.delete(key);
  passedOver = [];
  const pen = out.getContext("2d");
  $("no-face").hidden = outcome === SWAPPED;
  if (outcome === SWAPPED) {
    const picture = await createImageBitmap(new Blob([new Uint8Array(data, HEAD)], { type: "image/jpeg" }));
    if (mine !== socket) return;
    pen.drawImage(picture, 0, 0, out.width, out.height);
    picture.close();
  } else {
    pen.drawImage(video, 0, 0, out.width, out.height);
  }
  $("live").classList.remove("waiting");
  const now = performance.now();
  shown.push(now);
  if (started !== undefined) delays.push([now - started, server]);
}

function report() {
  const now = performance.now();
  shown = shown.filter((when) => now - when < 2000);
  if (shown.length > 1) {
    const span = (now - shown[0]) / 1000;
    $("rate").textContent = (shown.length / Math.max(span, 0.5)).toFixed(1);
  }
  delays = delays.slice(-20);
  if (!delays.length) return;
  const mean = (at) => delays.reduce((sum, pair) => sum + pair[at], 0) / delays.length;
  $("latency").textContent = Math.round(mean(0));
  $("server").textContent = Math.round(mean(1));
}

function reflect() {
  $("live").classList.toggle("mirrored", $("mirror").checked);
}

function fail(sentence) {
  $("camera-error").hidden = !sentence;
  $("camera-error").textContent = sentence ?? "";
}
