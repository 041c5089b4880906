#!/usr/bin/env bash
# Build EverShop in the folder that it was installed in, once: it takes minutes of processor time.
set -euo pipefail
cd "$(dirname "$0")"
if [ -e .built ]; then exit 0; fi
rm -rf .evershop
mkdir -p config media public themes extensions translations
echo '{}' > config/default.json
npx evershop build
touch .built
