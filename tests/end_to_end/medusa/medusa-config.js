// Medusa without its admin's pages; cache, events and locks are in memory.
const { defineConfig } = require('@medusajs/framework/utils');
const nobody = 'http://127.0.0.1';
module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false, connection: { ssl: false } },
    http: {
      storeCors: nobody, adminCors: nobody, authCors: nobody,
      jwtSecret: 'loopback-only', cookieSecret: 'loopback-only',
      jwtExpiresIn: process.env.TOKEN_LIVES || '1d',
    },
  },
  admin: { disable: true },
});
