import type { Role } from "../../api.gen.ts";

/** What each role is called, and what it is for, where one is chosen. */
export const ROLES: Record<Role, { word: string; meaning: string }> = {
  technician: { word: "Technician", meaning: "sees what became of the captures of one site, and its devices" },
  clinician: { word: "Clinician", meaning: "reads every case, and signs diagnoses" },
  administrator: { word: "Administrator", meaning: "keeps devices, users and models, and may see all; signs nothing" },
  service: { word: "Program", meaning: "a program of the hospital; comes by token, never by password" },
};

export const ALL_ROLES = Object.keys(ROLES) as Role[];

/** Whether a user of this role belongs to one site. */
export function hasSite(role: Role): boolean {
  return role === "technician";
}

/** Whether a user of this role has a password. */
export function logsIn(role: Role): boolean {
  return role !== "service";
}
