import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";
import type { ReactNode } from "react";

import type { SystemHealth } from "../../api.gen.ts";
import { AdminPage } from "../AdminPage.tsx";
import { Asked } from "../Asked.tsx";
import { duration, plural, room } from "../figures.ts";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";
import { systemQuery } from "./api.ts";
import { concerns } from "./concerns.ts";
import { Processes } from "./Processes.tsx";

/** Whether all parts of the system are there and keep up; asked for anew every ten seconds. */
export function SystemPage() {
  const health = useQuery(systemQuery);
  return (
    <AdminPage title="System" about="Whether all parts are there and keep up. Looked at anew every ten seconds.">
      <Asked query={health} what="the system's health">
        {(found) => (
          <>
            <Concerns health={found} />
            <Facts health={found} />
            <Processes health={found} />
          </>
        )}
      </Asked>
    </AdminPage>
  );
}

function Concerns({ health }: { health: SystemHealth }) {
  const found = concerns(health);
  const now = useNow();
  return (
    <section className={found.length === 0 ? "verdict whole" : "verdict broken"} aria-label="State">
      {found.length === 0 ? <CircleCheck aria-hidden="true" /> : <CircleAlert aria-hidden="true" />}
      <div>
        <div role="status">
          {found.length === 0 && <strong>All parts are there and keep up.</strong>}
          {found.length > 0 && (
            <ul className="concerns">
              {found.map(({ title, words }) => (
                <li key={`${title} ${words}`}>
                  <strong>{title}.</strong> {words}
                </li>
              ))}
            </ul>
          )}
        </div>
        <p className="as-of">
          As of <When moment={health.at} now={now} />
        </p>
      </div>
    </section>
  );
}

function Facts({ health }: { health: SystemHealth }) {
  const { queue, devices, deliveries, storage } = health;
  return (
    <div className="facts">
      <Fact name="Analyses waiting" figure={queue.waiting.toLocaleString("en")}>
        {queue.oldest_unclaimed_seconds === null
          ? "none waits to be taken"
          : `the oldest for ${duration(queue.oldest_unclaimed_seconds)}`}
      </Fact>
      <Fact name="Being analysed" figure={queue.claimed.toLocaleString("en")}>
        by {plural(health.workers.filter(({ alive }) => alive).length, "worker")}
      </Fact>
      <Fact name="Failed analyses" figure={queue.failed.toLocaleString("en")}>
        {queue.failed === 0 ? "no capture waits for a person" : "wait for a person"}
      </Fact>
      <Fact name="Devices online" figure={`${String(devices.online)} of ${String(devices.enrolled)}`}>
        of all sites
      </Fact>
      <Fact name="Results under way" figure={deliveries.waiting.toLocaleString("en")}>
        {deliveries.oldest_seconds === null
          ? "every one was shown"
          : `the oldest for ${duration(deliveries.oldest_seconds)}`}
      </Fact>
      <Fact name="Store of captures" figure={storage.free_bytes === null ? "–" : room(storage.free_bytes)}>
        {storage.total_bytes === null ? `${storage.kind} does not tell` : `free of ${room(storage.total_bytes)}`}
      </Fact>
      <Fact name="Event log" figure={health.event_position.toLocaleString("en")}>
        events ever written
      </Fact>
      <Fact name="Smearflow" figure={health.version}>
        on {health.database}, Redis {health.redis ? "answers" : "is away"}
      </Fact>
    </div>
  );
}

function Fact({ name, figure, children }: { name: string; figure: string; children: ReactNode }) {
  return (
    <section className="fact card">
      <h2>{name}</h2>
      <p className="figure">{figure}</p>
      <p className="quiet">{children}</p>
    </section>
  );
}
