/**
 * Code that is fetched while the page is open.
 *
 * A browser keeps what became of an address. Where the line broke, a file stays missing until the page is loaded again,
 * with all that is typed in it. The same file under another address is fetched once more. So the build lets a browser
 * ask for the files that a file needs only after that file came (vite.config.ts).
 */

const CODE = /https?:\/\/\S+?\.js/;
const STYLE = /CSS for (\S+\.css)/;
const AGAIN_MS = 1_000;
/** Some minutes, as a server that is far away answers late. */
const TRIES_MAX = 120;
let times = 0;

/** Code that the browser will not fetch before the page is loaded again. */
export class MissingCode extends Error {}

/** Return the code that `load` imports, as soon as the server answers; throws `MissingCode` if the browser gave it up. */
export async function fetchCode<Code>(load: () => Promise<Code>): Promise<Code> {
  try {
    return await load();
  } catch (error) {
    const style = STYLE.exec(String(error))?.[1];
    if (style !== undefined) {
      await answers(style);
      await addStyle(style);
      return await fetchCode(load);
    }
    const code = CODE.exec(String(error))?.[0];
    if (code === undefined || !(await answers(code))) throw new MissingCode(String(error));
    try {
      return (await import(/* @vite-ignore */ again(code))) as Code;
    } catch {
      throw new MissingCode(String(error));
    }
  }
}

/** Wait until the server has sent a file; return whether it did. */
async function answers(address: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    await new Promise((resume) => setTimeout(resume, AGAIN_MS));
    const isThere = await fetch(address).then(
      (response) => response.ok,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

/** Add a style sheet once more: the code that needs it asks for it one time only. */
async function addStyle(address: string): Promise<void> {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = again(address);
  await new Promise((end) => {
    link.onload = end;
    link.onerror = end;
    document.head.append(link);
  });
}

function again(address: string): string {
  times += 1;
  return `${address}?again=${times}`;
}
