/** What the driver's page speaks with the API, and what it keeps on the phone. */
import type { Instant, ServiceDate, StopKind, VisitStatus } from "../api/types";

export type Outcome = "served" | "skipped" | "blocked";

export const REASONS = [
  "road_blocked",
  "parked_cars",
  "nothing_there",
  "container_damaged",
  "wrong_refuse",
  "truck_full",
  "other",
] as const;
export type Reason = (typeof REASONS)[number];

/** Where the way is shut the stop is blocked; for any other reason it was skipped. */
export const outcomeOf = (reason: Reason): Outcome =>
  reason === "road_blocked" || reason === "parked_cars" ? "blocked" : "skipped";

export interface DriverStop {
  sequence: number;
  kind: StopKind;
  id: string | null;
  occurrence: number | null;
  name: string | null;
  lon: number | null;
  lat: number | null;
  arrive_at: Instant;
  depart_at: Instant;
  /** On board at departure. */
  load_kg: number;
  collected_kg: number;
  leg_distance_m: number;
  container_type: string | null;
  containers: number | null;
  due_from: Instant | null;
  due_to: Instant | null;
  status: VisitStatus | null;
  cleared_at: Instant | null;
  cleared_by: string | null;
  report_outcome: Outcome | null;
  report_reason: string | null;
  reported_at: Instant | null;
}

export interface DriverRoute {
  plan_id: string | null;
  vehicle_id: string;
  plate: string | null;
  service_date: ServiceDate;
  revision: number | null;
  distance_m: number | null;
  duration_s: number | null;
  collected_kg: number | null;
  stops: DriverStop[];
}

/** A press as the API takes it. */
export interface Report {
  report_id: string;
  vehicle_id: string;
  point_id: string;
  occurrence: number | null;
  observed_at: Instant;
  outcome: Outcome;
  reason: string | null;
  note: string | null;
  lon: number | null;
  lat: number | null;
  accuracy_m: number | null;
}

/** A press on its way: it stays on the phone until the API has it, with its photo. */
export interface Outgoing {
  report: Report;
  photo: Blob | null;
  /** The API has the report; the photo is still to go. */
  isSent: boolean;
  /** Why the API will not have it, whatever is done; null while it is to be sent. */
  refusal: string | null;
}
