"""Where each number stands in the kernel's packed arrays.

Everything that an insertion has to read of a node lies in one row of 16 int32, which is one cache line.
"""

FAR = 2**29
"""A time that is never reached; also stands for "this timeline is not open"."""
NEVER = -(2**29)
"""A latest arrival that nobody can meet."""
NO_ROAD = 2**28
"""Driving time and distance where there is no road."""
LAST = 2**30
"""The ORDER of a route's end; its start has 0."""

# a row of `nodes`: tasks, then the trucks' starts, then their ends, then unloading stops
PREVIOUS = 0
NEXT = 1
TRUCK = 2  # -1: not on a route
ENTITY = 3  # what is done there: a row of `entities`; -1 for starts and ends
EARLY_DUE = 4  # earliest departure with the break not taken yet; its twin stands one further
EARLY_TAKEN = 5  # earliest departure with the break taken, here or before
LATE_DUE = 6  # latest arrival from which the rest can be kept, break still to come
LATE_TAKEN = 7  # the same, break behind
KG_UP = 8  # load of the trip on leaving the node
KG_REST = 9  # what the trip takes up from this node on, the node included
L_UP = 10
L_REST = 11
ARC_S = 12  # driving time from the node before
ARC_M = 13  # driving distance from the node before
ORDER = 14  # rises along a route
LOCATION = 15
NODE_WIDTH = 16

# a row of `entities`: tasks, then stations
E_LOCATION = 0
E_SERVICE = 1
E_OPEN = 2  # start of the first window
E_CLOSE = 3  # end of the last window
E_WINDOW = 4  # first row of `windows`
E_WINDOWS = 5  # number of rows, 1 when E_OPEN and E_CLOSE say it all
E_KG = 6
E_L = 7
ENTITY_WIDTH = 8

# a row of `trucks`
T_FROM = 0
T_TO = 1
T_START = 2
T_END = 3  # latest return, overtime included
T_SHIFT_END = 4
T_REST_S = 5  # 0: no break
T_REST_FROM = 6
T_REST_TO = 7
T_FREE_UNTIL = 8  # back by then, no break is needed
T_KG = 9
T_L = 10
T_MAX_KG = 11
T_MAX_L = 12
T_MAX_STOPS = 13
T_PROFILE = 14
T_PERMILLE = 15  # speed factor in thousandths
T_UNLOADS = 16  # must unload before the end
T_START_KG = 17
T_START_L = 18
T_GROUP = 19  # trucks of one group are alike in everything
TRUCK_WIDTH = 20

# a row of `prices`, in cost units
P_METRE = 0
P_SECOND = 1
P_FIXED = 2
P_OVERTIME_SECOND = 3
PRICE_WIDTH = 4

# a row of `totals`: what a truck does in the current plan
S_KG = 0
S_L = 1
S_STOPS = 2
S_WORK = 3  # seconds of driving, serving and tipping; kept where routes are to be of one length
S_CLOSED = 4  # 1: the search may not use this truck
S_TOUCHED = 5  # the step that saved it last
S_STRINGS = 6  # strings taken from it in this step
S_EARLY = 7  # the first node whose earliest times and loads are stale, -1: none
S_EARLY_UNTIL = 8  # behind this ORDER nothing has changed but what comes of what lies before
S_LATE = 9  # the last node whose latest times and remaining loads are stale, -1: none
S_LATE_UNTIL = 10
TOTAL_WIDTH = 11

# a row of `limits`
M_KG = 0  # what a station still takes, UNLIMITED if there is no limit
M_BAYS = 1  # trucks that can tip at once, 0 if there is no limit
LIMIT_WIDTH = 2
MOST_BAYS = 16  # a station with more is taken to have no limit

# a place in `wishes`, in cost units
W_BALANCE = 0  # per second that a route is away from the mean
W_COMPACT = 1  # per metre from a task to the middle task of its route
W_CHANGE = 2  # per task that is not on its preferred truck
WISHES = 3

# a row of `tips`: the unloadings at stations with limits, in the order of time
U_START = 0  # when it begins at the earliest
U_LATE = 1  # the latest arrival
U_STATION = 2
U_TRUCK = 3
U_KG = 4
TIP_WIDTH = 5

# how an insertion goes
PLAIN = 0  # previous, task, next
UNLOAD_BEFORE = 1  # previous, station, task, next
UNLOAD_AFTER = 2  # previous, task, station, next
OTHER_STATION = 3  # previous, task, another station in place of the next node
UNLOAD_AROUND = 4  # start, station, task, station, end: two stations in one number

# a place in `counts`
ITERATION = 0
SPARE = 1
PENDING = 2
BANK = 3
TOUCHED = 4
KEPT = 5
POOL = 6
STAMP = 7
SEEDS = 8
TIPS = 9
NEW_TIPS = 10
FRESH_TIPS = 11
COUNTS = 12

# a place in `sums`
COST = 0
ABSENT_WEIGHT = 1
ABSENCE_SUM = 2
BEST_COST = 3
BEST_WEIGHT = 4
OVERLOAD = 5
BALANCE = 6
WAITING = 7
SUMS = 8
