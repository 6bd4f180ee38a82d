/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `smearflow serve` answers the API and this page from one origin; `npm run dev` forwards to it.
const API = process.env.SMEARFLOW_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  build: { outDir: "dist", sourcemap: false, chunkSizeWarningLimit: 800 },
  server: { proxy: { "/api": API } },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
