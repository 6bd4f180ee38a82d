import { Store } from "../store.ts";
import { stream } from "../live/stream.ts";

/** Whether the server offers another edition of this page than the one that is open. */
export const upgraded = new Store(false);

/** Looks whenever a connection begins, since an upgrade ends every one, and when a part of the page is not there any more. */
export function watchForUpgrades(): void {
  stream.greeting(({ first }) => {
    if (!first) {
      void look();
    }
  });
  window.addEventListener("vite:preloadError", () => {
    upgraded.set(true);
  });
}

async function look(): Promise<void> {
  const mine = document.querySelector<HTMLScriptElement>("script[type=module][src]")?.getAttribute("src");
  try {
    const page = await fetch("/", { cache: "no-store" });
    if (page.ok && mine !== null && mine !== undefined && !(await page.text()).includes(mine)) {
      upgraded.set(true);
    }
  } catch {
    // The server is away again; the next connection looks anew.
  }
}
