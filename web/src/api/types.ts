/** The shapes that the HTTP API speaks, as docs/api.md has them: instants are RFC 3339 texts, rates 0 to 1. */

export type Instant = string;
/** A service day, YYYY-MM-DD. */
export type ServiceDate = string;
/** Longitude and latitude in degrees. */
export type Position = [lon: number, lat: number];

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface Problem {
  title: string;
  status: number;
  detail?: string | null;
  errors?: { field: string; message: string }[] | null;
}

export type Role = "admin" | "dispatcher" | "office" | "inspector" | "contractor" | "driver";

export interface AccessToken {
  access_token: string;
  expires_in: number;
  /** Good once, for the next tokens. */
  refresh_token: string;
  user_name: string;
  role: Role;
}

export interface StreamToken {
  stream_token: string;
  expires_in: number;
}

export interface Town {
  name: string;
  timezone: string;
  /** Local time at which a service day begins, HH:MM. */
  day_start: string;
  service_date: ServiceDate;
  /** What the office asks of each rate; the residents' page is not told. */
  targets?: { clearance_rate: number | null; collection_rate: number | null; treatment_rate: number | null };
  bbox: [west: number, south: number, east: number, north: number] | null;
}

export interface Clock {
  now: Instant;
  speed: number;
  simulated: boolean;
}

export interface Contractor {
  id: string;
  name: string;
}

export interface Zone {
  id: string;
  name: string | null;
  contractor_id: string | null;
  cleaning_grade: string | null;
  responsible: string | null;
  geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon;
}

export interface CollectionPoint {
  id: string;
  lon: number;
  lat: number;
  name: string | null;
  zone_id: string | null;
  container_type: string;
  containers: number;
  /** Per day. */
  expected_kg: number;
  visits_per_day: number;
  windows: { start: string; end: string }[];
  service_s: number;
  priority: number;
  /** `kerb`: trucks pass it on the side of the street on which it stands. */
  approach: "any" | "kerb";
}

export type FacilityKind =
  "depot" | "transfer_station" | "landfill" | "incinerator" | "construction_landfill" | "public_toilet";

export interface FacilityReadings {
  observed_at: Instant | null;
  /** Tonnes received since the service day began. */
  throughput_t: number | null;
  fill_ratio: number | null;
  /** Persons since the service day began. */
  entries: number | null;
  occupied_stalls: number | null;
  total_stalls: number | null;
  open: boolean | null;
}

export interface Facility {
  id: string;
  kind: FacilityKind;
  lon: number;
  lat: number;
  name: string | null;
  zone_id: string | null;
  status: string;
  opened_on: string | null;
  design_life_years: number | null;
  design_t_per_day: number | null;
  bays: number | null;
  tip_s: number | null;
  open_time: string | null;
  close_time: string | null;
  class: string | null;
  stalls_male: number;
  stalls_female: number;
  stalls_accessible: number;
  live: FacilityReadings | null;
}

export interface VehiclePosition {
  lon: number;
  lat: number;
  observed_at: Instant;
  speed_kmh: number | null;
  heading_deg: number | null;
}

export interface VehicleStop {
  sequence: number;
  kind: StopKind;
  id: string | null;
  arrive_at: Instant;
  depart_at: Instant;
}

export interface Vehicle {
  id: string;
  kind: string;
  plate: string | null;
  depot_id: string;
  contractor_id: string | null;
  capacity_kg: number;
  shift_start: string | null;
  shift_end: string | null;
  last_position: VehiclePosition | null;
  load_kg: number | null;
  online: boolean | null;
  current_stop: VehicleStop | null;
  /** Today's published route: its point stops and how many of them are cleared. */
  route: { plan_id: string; revision: number; served: number; stops: number } | null;
}

export interface Fix extends VehiclePosition {
  load_kg: number | null;
  /** No vehicle could have driven there between the fixes before and after it. */
  outlier: boolean;
}

export interface Track {
  vehicle_id: string;
  gap_s: number;
  /** Runs of fixes without a gap; nothing is known between two of them. */
  segments: Fix[][];
}

export type PlanStatus = "queued" | "solving" | "ready" | "failed" | "cancelled";
export type StopKind = "depot" | "point" | "station" | "break";

export interface PlanSummary {
  id: string;
  date: ServiceDate;
  status: PlanStatus;
  published: boolean;
  published_at: Instant | null;
  requested_by: string;
  requested_at: Instant;
  started_at: Instant | null;
  finished_at: Instant | null;
  time_limit_s: number | null;
  cost: number | null;
  distance_m: number | null;
  duration_s: number | null;
  served: number | null;
  failure: string | null;
  /** The plan that it revises. */
  revision_of: string | null;
}

export interface PlannedStop extends VehicleStop {
  lon: number | null;
  lat: number | null;
  name: string | null;
  /** On board at departure. */
  load_kg: number;
  collected_kg: number;
  occurrence: number | null;
  /** What the visit is planned on; null where it is no visit. */
  demand_kg: number | null;
  demand_source: "registered" | "forecast" | "reading" | "told" | null;
  /** From the stop before. */
  leg_distance_m: number;
  /** From the stop before. */
  leg_duration_s: number;
}

export interface PlannedRoute {
  vehicle_id: string;
  distance_m: number;
  duration_s: number;
  collected_kg: number;
  stops: PlannedStop[];
}

export interface UnservedVisit {
  point_id: string;
  occurrence: number;
  reason: string;
  detail: string;
}

/** What a plan takes into account beyond the register; its revisions take it over. */
export interface Circumstances {
  broken_vehicles: string[];
  excluded_vehicles: string[];
  locked_vehicles: string[];
  closed_facilities: string[];
  urgent_points: { point_id: string; occurrence: number; kg: number | null }[];
}

export interface Plan extends PlanSummary {
  notes: string[];
  circumstances: Circumstances | null;
  unserved: UnservedVisit[];
  routes: PlannedRoute[];
}

/** What has happened since a plan was made. */
export interface ReplanAsked {
  broken_vehicles: readonly string[];
  closed_facilities: readonly string[];
  urgent_points: readonly { point_id: string }[];
  time_limit_s: number;
}

/** A rule that a plan would break; the sentence is in English, and `values` are what it tells, by name. */
export interface BrokenRule {
  rule: string;
  vehicle_id: string | null;
  stop_id: string | null;
  sentence: string;
  values: Record<string, string | number>;
}

/** A place for a visit, and what it costs more than the plan does now. */
export interface PricedPlace {
  vehicle_id: string;
  /** Before the stop that has it now; null for a vehicle without a route. */
  sequence: number | null;
  arrive_at: Instant;
  extra_cost: number;
  extra_distance_m: number;
  extra_duration_s: number;
  broken: BrokenRule[];
}

export interface PricedVisit {
  point_id: string;
  occurrence: number;
  kg: number;
  places: PricedPlace[];
}

/** What a dispatcher settles about a vehicle by hand. */
export type VehicleOrder = "lock" | "unlock" | "exclude" | "include";

export type PlanEdit =
  | { action: "move"; point_id: string; occurrence: number; vehicle_id: string; sequence?: number }
  | { action: "insert"; point_id: string; vehicle_id: string; sequence?: number }
  | { action: VehicleOrder; vehicle_id: string };

export interface EditedPlan extends Plan {
  broken: BrokenRule[];
}

export interface PlanFigures {
  vehicles: number;
  distance_m: number;
  duration_s: number;
  collected_kg: number;
  served: number;
  unserved: number;
  cost: number;
}

/** A visit that other vehicles make; no vehicle means that it is left out. */
export interface MovedVisit {
  point_id: string;
  occurrence: number;
  from_vehicle_ids: string[];
  to_vehicle_ids: string[];
  from_at: Instant | null;
  to_at: Instant | null;
}

export interface PlanComparison {
  before: PlanFigures & { plan_id: string; tipped_kg: number };
  after: PlanFigures & { plan_id: string; tipped_kg: number };
  moved: MovedVisit[];
  /** Visits that keep their vehicle and come a minute or more earlier or later. */
  retimed: number;
}

export interface PlanProgress {
  elapsed_s: number;
  cost: number;
  unserved: number;
}

export type FigureGroup = "town" | "zone" | "contractor" | "vehicle" | "hour";

export interface ClearanceFigures {
  key: string;
  date?: ServiceDate;
  due: number;
  cleared: number;
  pending: number;
  missed: number;
  clearance_rate: number | null;
  expected_kg: number | null;
  tipped_kg: number | null;
  collection_rate: number | null;
  treatment_rate: number | null;
}

export type VisitStatus = "cleared" | "pending" | "missed";

export interface Evidence {
  kind: string;
  start: Instant;
  end: Instant;
  detail: Record<string, unknown>;
}

export interface DueVisit {
  point_id: string;
  service_date: ServiceDate;
  occurrence: number;
  due_from: Instant;
  due_to: Instant;
  expected_kg: number;
  status: VisitStatus;
  cleared_at: Instant | null;
  vehicle_id: string | null;
  evidence: Evidence[];
  reason: string | null;
  planned_vehicle_id: string | null;
  planned_at: Instant | null;
}

/** The use of a facility in one bucket of time; a measure is null where nothing was heard. */
export interface Utilisation {
  facility_id: string;
  start: Instant;
  end: Instant;
  measures: Record<string, number | string | null>;
}

/** Something that needs attention; open while `cleared_at` is null. What `detail` holds depends on the kind. */
export interface Alarm {
  id: number;
  kind: string;
  subject_kind: string;
  subject_id: string;
  raised_at: Instant;
  cleared_at: Instant | null;
  acknowledged_at: Instant | null;
  acknowledged_by: string | null;
  detail: Record<string, unknown>;
}

/** What `GET /live` sends, by the event's name. */
export interface LiveEvents {
  position: VehiclePosition & { vehicle_id: string; load_kg: number | null; online: boolean | null };
  visit: Pick<DueVisit, "point_id" | "service_date" | "occurrence" | "status" | "cleared_at" | "vehicle_id" | "reason">;
  alarm: Alarm;
  plan: Pick<PlanSummary, "id" | "date" | "status" | "published" | "cost" | "served">;
  clock: Clock;
}

/** What `GET /plans/{id}/events` sends, by the event's name. */
export interface PlanEvents {
  progress: PlanProgress;
  status: { id: string; status: PlanStatus; cost: number | null; failure: string | null };
}
