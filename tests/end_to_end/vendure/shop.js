// A Vendure shop on 127.0.0.1 or SHOP_HOST, filled afresh, until it is killed: node shop.js PORT VARIANTS
// Says "ready" on stdout once it answers. Database in memory; no worker, dashboard or assets.
// The n-th variant (from 0) is SKU-nnnn and has n % 50 on hand; four variants make one product.
'use strict';
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { populate } = require('@vendure/core/cli');
const core = require('@vendure/core');

const [port, variants] = process.argv.slice(2).map(Number);
const COLOURS = ['cream', 'moss', 'slate', 'rust'];

const config = {
  logger: new core.DefaultLogger({ level: core.LogLevel.Error, timestamp: false }),
  apiOptions: { hostname: process.env.SHOP_HOST || '127.0.0.1', port, adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer', 'api-key'],
    superadminCredentials: {
      identifier: process.env.SHOP_USER,
      password: process.env.SHOP_PASSWORD,
    },
    requireVerification: false,
  },
  dbConnectionOptions: { type: 'sqljs', synchronize: true, autoSave: false },
  paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
  importExportOptions: { importAssetsDir: os.tmpdir() },
  plugins: [core.DefaultJobQueuePlugin.init({ useDatabaseForBuffer: false })],
};

const firstData = {
  defaultLanguage: core.LanguageCode.en,
  defaultZone: 'Europe',
  countries: [{ name: 'Ireland', code: 'IE', zone: 'Europe' }],
  taxRates: [{ name: 'Standard', percentage: 23 }],
  shippingMethods: [{ name: 'Post', price: 450 }],
  paymentMethods: [
    {
      name: 'On account',
      handler: {
        code: 'dummy-payment-handler',
        arguments: [{ name: 'automaticSettle', value: 'true' }],
      },
    },
  ],
  collections: [],
};

function catalogue() {
  const columns = [
    'name', 'slug', 'description', 'assets', 'facets', 'optionGroups', 'optionValues', 'sku',
    'price', 'taxCategory', 'stockOnHand', 'trackInventory', 'variantAssets', 'variantFacets',
  ];
  const rows = [columns.join(',')];
  for (let n = 0; n < variants; n += 1) {
    const product = Math.floor(n / COLOURS.length);
    const isFirst = n % COLOURS.length === 0;
    const own = isFirst ? [`Enamel pot ${product}`, `pot-${product}`, 'A pot', '', '', 'colour'] : Array(6).fill('');
    const sku = `SKU-${String(n).padStart(4, '0')}`;
    rows.push([...own, COLOURS[n % COLOURS.length], sku, '19.90', 'standard', n % 50, 'true', '', ''].join(','));
  }
  return `${rows.join('\n')}\n`;
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'skew-shop-'));
const file = path.join(folder, 'products.csv');
fs.writeFileSync(file, catalogue());
populate(() => core.bootstrap(config), firstData, file)
  .then(() => console.log('ready'))
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => fs.rmSync(folder, { recursive: true }));
