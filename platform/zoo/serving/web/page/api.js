// Talking to the server. What it refuses comes as an Error with its one sentence.

export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

let signedIn = null; // a promise while the token is being asked for

export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal(0, "The server does not answer; is it still running?");
  }
  if (answer.status === 401 && path !== "/api/session") {
    await signIn();
    return ask(path, options);
  }
  if (!answer.ok) throw new Refusal(answer.status, await sentence(answer));
  return answer;
}

export function form(fields) {
  const body = new FormData();
  for (const [name, values] of Object.entries(fields))
    for (const value of Array.isArray(values) ? values : [values]) // a list is a field repeated
      body.append(name, ...[value].flat()); // and a pair a file with the name to send
  return { method: "POST", body };
}

export function socketAddress(path) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}

async function sentence(answer) {
  try {
    return (await answer.json()).detail;
  } catch {
    return `The server answered ${answer.status}.`;
  }
}

function signIn() {
  signedIn ??= new Promise((done) => {
    const dialog = document.getElementById("sign-in");
    const refusal = document.getElementById("sign-in-error");
    const token = document.getElementById("token");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.getElementById("sign-in-form").onsubmit = async (event) => {
      event.preventDefault();
      try {
        await ask("/api/session", form({ token: token.value.trim() }));
        dialog.close();
        signedIn = null;
        done();
      } catch (error) {
        refusal.textContent = error.message;
        refusal.hidden = false;
        token.select();
      }
    };
    dialog.showModal();
  });
  return signedIn;
}
