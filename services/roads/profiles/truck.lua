-- The refuse truck's profile: OSRM's stock car profile with a truck's size, access rights and speeds.
--
-- The stock profile's handlers do the work (access, one-ways, limits of height, width, length and weight,
-- turn restrictions, gates); this file only replaces what a truck does otherwise. The build puts the stock
-- profiles on Lua's search path.

local car = require("car")

-- A three-axle compactor of a county town, loaded. Streets with a lower limit are closed to it.
local VEHICLE_HEIGHT_M = 3.4
local VEHICLE_WIDTH_M = 2.5
local VEHICLE_LENGTH_M = 9.0
local VEHICLE_WEIGHT_KG = 18000
local VEHICLE_MAX_SPEED_KMH = 70

-- Free-flow speeds of a heavy truck in a town [km/h].
local SPEEDS_KMH = {
  motorway = 70,
  motorway_link = 40,
  trunk = 60,
  trunk_link = 35,
  primary = 45,
  primary_link = 30,
  secondary = 40,
  secondary_link = 25,
  tertiary = 32,
  tertiary_link = 20,
  unclassified = 25,
  residential = 22,
  living_street = 10,
  service = 12,
  track = 8,
}

local function setup()
  local profile = car.setup()

  profile.vehicle_height = VEHICLE_HEIGHT_M
  profile.vehicle_width = VEHICLE_WIDTH_M
  profile.vehicle_length = VEHICLE_LENGTH_M
  profile.vehicle_weight = VEHICLE_WEIGHT_KG
  profile.vehicle_max_speed = VEHICLE_MAX_SPEED_KMH
  profile.speeds = Sequence { highway = SPEEDS_KMH }

  -- A tag for heavy vehicles counts before one for motor vehicles in general.
  profile.access_tags_hierarchy = Sequence { "hgv", "goods", "motor_vehicle", "vehicle", "access" }
  profile.restrictions = Sequence { "hgv", "goods", "motor_vehicle", "vehicle" }
  profile.access_tag_whitelist = Set {
    "yes", "hgv", "goods", "motor_vehicle", "vehicle", "permissive", "designated", "local",
  }
  -- Farm tracks reach the pit bins of townships. Streets that are private or for residents are entered to
  -- serve somebody there, never to pass through: that is what the stock profile does with restricted ways.
  profile.restricted_highway_whitelist["track"] = true
  -- The bins of a housing compound stand on its private service roads: a trip may start and end there.
  profile.service_access_tag_blacklist = Set {}

  -- A refuse truck takes no ferry and no shuttle train.
  profile.route_speeds = {}

  -- It turns slowly, and hardly ever about.
  profile.turn_penalty = 10
  profile.properties.u_turn_penalty = 60
  profile.properties.max_speed_for_map_matching = 90 / 3.6

  return profile
end

return {
  setup = setup,
  process_way = car.process_way,
  process_node = car.process_node,
  process_turn = car.process_turn,
}
