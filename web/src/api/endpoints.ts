/** The API's paths as typed functions, one for each request the page makes. */
import { request, requestAll } from "./client";
import type {
  Alarm,
  AccessToken,
  ClearanceFigures,
  Clock,
  CollectionPoint,
  Contractor,
  DueVisit,
  EditedPlan,
  Facility,
  FigureGroup,
  Page,
  Plan,
  PlanComparison,
  PlanEdit,
  PlanSummary,
  PricedVisit,
  ReplanAsked,
  ServiceDate,
  StreamToken,
  Town,
  Track,
  Utilisation,
  Vehicle,
  Zone,
} from "./types";

const GEOJSON = "application/geo+json";
const id = encodeURIComponent;

/** Exchange a name and a password for a token. */
export function signInWith(userName: string, password: string): Promise<AccessToken> {
  const body = new URLSearchParams({ username: userName, password });
  return request("/auth/token", { method: "POST", body });
}

/** A token for one stream, which EventSource carries in the address because it cannot send headers. */
export const fetchStreamToken = () => request<StreamToken>("/auth/stream-token", { method: "POST" });

export const fetchTown = () => request<Town>("/town");
export const fetchClock = () => request<Clock>("/clock");
export const fetchContractors = () => requestAll<Contractor>("/contractors");
export const fetchZones = () => requestAll<Zone>("/zones");
export const fetchPoints = () => requestAll<CollectionPoint>("/points");
export const fetchFacilities = () => requestAll<Facility>("/facilities");
export const fetchVehicles = () => requestAll<Vehicle>("/vehicles");
export const fetchStreets = () =>
  request<GeoJSON.FeatureCollection<GeoJSON.LineString>>("/map/streets", { accept: GEOJSON });

/** The fixes of a vehicle between two instants, cut at gaps. */
export function fetchTrack(vehicleId: string, start: Date, end: Date): Promise<Track> {
  return request(`/vehicles/${id(vehicleId)}/track?start=${instant(start)}&end=${instant(end)}`);
}

export const fetchPlans = (date: ServiceDate) => requestAll<PlanSummary>(`/plans?date=${date}`);
export const fetchPlan = (planId: string) => request<Plan>(`/plans/${id(planId)}`);
export const cancelPlan = (planId: string) => request(`/plans/${id(planId)}/cancel`, { method: "POST" });
export const publishPlan = (planId: string) => request(`/plans/${id(planId)}/publish`, { method: "POST" });

/** Ask for a plan; the planner's answer comes by its events. */
export function askForPlan(date: ServiceDate, timeLimitS: number): Promise<PlanSummary> {
  return request("/plans", { method: "POST", body: { date, time_limit_s: timeLimitS } });
}

/** Have the rest of a plan's day planned anew; the planner's answer comes by the new plan's events. */
export const replanRest = (planId: string, asked: ReplanAsked) =>
  request<PlanSummary>(`/plans/${id(planId)}/replan`, { method: "POST", body: asked });

/** The best three places for a visit that is open or extra; nothing is changed. */
export const priceVisit = (planId: string, pointId: string) =>
  request<PricedVisit>(`/plans/${id(planId)}/insertions`, { method: "POST", body: { point_id: pointId } });

/** Change a plan by hand: the answer is a new draft with what it breaks. */
export const editPlan = (planId: string, edits: readonly PlanEdit[]) =>
  request<EditedPlan>(`/plans/${id(planId)}/edits`, { method: "POST", body: { edits } });

/** A plan beside another of its day that counts as the one before. */
export const comparePlans = (planId: string, beforeId: string) =>
  request<PlanComparison>(`/plans/${id(planId)}/compare?with=${id(beforeId)}`);

/** A route on the roads: its line, then a point per stop. */
export function fetchRouteGeometry(planId: string, vehicleId: string): Promise<GeoJSON.FeatureCollection> {
  return request(`/plans/${id(planId)}/routes/${id(vehicleId)}`, { accept: GEOJSON });
}

export function fetchClearance(date: ServiceDate, groupBy: FigureGroup): Promise<ClearanceFigures[]> {
  return request(`/clearance?date=${date}&group_by=${groupBy}`);
}

/** The town's figures day by day, both ends included. */
export function fetchClearanceSeries(start: ServiceDate, end: ServiceDate): Promise<ClearanceFigures[]> {
  return request(`/clearance?start=${start}&end=${end}&group_by=town`);
}

export const fetchDueVisits = (date: ServiceDate) => requestAll<DueVisit>(`/clearance/visits?date=${date}`);

export const fetchDueVisitsOfPoint = (date: ServiceDate, pointId: string) =>
  requestAll<DueVisit>(`/clearance/visits?date=${date}&point_id=${id(pointId)}`);

/** How stations, or toilets, were used hour by hour between two instants. */
export function fetchHourlyUse(of: "stations" | "toilets", start: Date, end: Date): Promise<Utilisation[]> {
  return request(`/utilisation/${of}?start=${instant(start)}&end=${instant(end)}&bucket=hour`);
}

/** All alarms that are open, and the newest `count` of any; the open ones that are new are in both. */
export async function fetchAlarms(count: number): Promise<Alarm[]> {
  const [open, newest] = await Promise.all([
    requestAll<Alarm>("/alarms?open=true"),
    request<Page<Alarm>>(`/alarms?limit=${count}`),
  ]);
  return [...open, ...newest.items];
}

export const acknowledgeAlarm = (alarmId: number) =>
  request<Alarm>(`/alarms/${alarmId}/acknowledge`, { method: "POST" });

function instant(date: Date): string {
  return encodeURIComponent(date.toISOString());
}
