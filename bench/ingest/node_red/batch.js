// The function node: collects messages as a careful user would, and stores them with one INSERT for each batch.
const MOST = 5000, LINGER_MS = 50;
const pool = global.get("pool"), keys = global.get("keys");
const COLUMNS = [
    ["seq", "bigint"], ["lat", "float8"], ["lon", "float8"], ["odometer_m", "float8"], ["speed_kmh", "real"],
    ["heading_deg", "real"], ["accuracy_m", "real"], ["load_kg", "real"], ["fuel_l", "real"], ["ignition", "bool"],
    ["cover_open", "bool"],
];
const names = COLUMNS.map(([name]) => name).join(", ");
const types = COLUMNS.map(([, type], i) => `$${i + 4}::${type}[]`).join(", ");
const STATEMENT = `INSERT INTO positions (device_key, observed_at, received_at, ${names})
    SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[], ${types}) ON CONFLICT DO NOTHING`;

let batch = context.get("batch");
if (!batch) {
    batch = { messages: [], timer: null };
    context.set("batch", batch);
}

function flush() {
    clearTimeout(batch.timer);
    batch.timer = null;
    const messages = batch.messages;
    batch.messages = [];
    const now = new Date().toISOString();
    const values = [
        messages.map((message) => keys[message.topic.split("/")[4]]),
        messages.map((message) => new Date(message.payload.ts).toISOString()),
        messages.map(() => now),
        ...COLUMNS.map(([name]) => messages.map((message) => message.payload[name] ?? null)),
    ];
    pool.query({ name: "store", text: STATEMENT, values }).catch((error) => node.error(error.message));
}

batch.messages.push(msg);
if (batch.messages.length >= MOST) flush();
else if (batch.timer === null) batch.timer = setTimeout(flush, LINGER_MS);
return null;
