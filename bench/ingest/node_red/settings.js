// Node-RED without its editor; BENCH_SETTINGS (JSON) says where broker and database are.
const orders = JSON.parse(process.env.BENCH_SETTINGS);
const { Pool } = require("pg");

module.exports = {
    uiPort: 0,
    uiHost: "127.0.0.1",
    httpAdminRoot: false,
    httpNodeRoot: false,
    userDir: orders.folder,
    flowFile: orders.flow,
    credentialSecret: false,
    logging: { console: { level: "warn", metrics: false, audit: false } },
    functionGlobalContext: { pool: new Pool({ connectionString: orders.database, max: 2 }), keys: orders.keys },
};
