import { Remembered } from "../remembered.ts";

/** How the page looks: as the system says, or one of the two always. */
export type Theme = "system" | "light" | "dark";

export const theme = new Remembered<Theme>(
  "theme",
  (kept) => (kept === "light" || kept === "dark" ? kept : "system"),
  (value) => (value === "system" ? null : value),
);

/** Makes the document follow the choice; the colours themselves stand in tokens.css. */
export function applyTheme(): void {
  const apply = () => {
    document.documentElement.dataset.theme = theme.get();
  };
  theme.follow(apply);
  apply();
}
