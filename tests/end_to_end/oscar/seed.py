"""Fill an empty shop: `python seed.py USER PASSWORD COUNT`, in the folder of the settings."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402
from oscar.apps.catalogue.models import Product, ProductClass  # noqa: E402
from oscar.apps.partner.models import Partner, StockRecord  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
user, password, count = sys.argv[1:]
with transaction.atomic():
    User.objects.create_superuser(user, f"{user}@shop.example", password)
    thing = ProductClass.objects.create(name="Thing")
    service = ProductClass.objects.create(name="Service", track_stock=False)
    main = Partner.objects.create(name="Main", code="main")

    def stock(product: Product, sku: str, units: int | None, allocated: int | None = None) -> None:
        StockRecord.objects.create(
            product=product, partner=main, partner_sku=sku, price=5, num_in_stock=units,
            num_allocated=allocated,
        )  # fmt: skip

    for number in range(int(count)):
        sku = f"OSC-{number:04d}"
        made = Product.objects.create(
            title=f"Thing {number}", product_class=thing, upc=sku, slug=sku.lower(),
            is_public=number != 1,
        )  # fmt: skip
        # Of the third, two are held for orders.
        stock(made, sku, number * 7 % 120, 2 if number == 2 else None)
    shirt = Product.objects.create(
        title="Shirt", product_class=thing, structure=Product.PARENT, slug="shirt"
    )
    for size in ("S", "L"):
        made = Product.objects.create(
            structure=Product.CHILD, parent=shirt, upc=f"SHIRT-{size}", slug=f"shirt-{size.lower()}"
        )
        stock(made, f"SHIRT-{size}", 9)
    gift = Product.objects.create(title="Wrapping", product_class=service, upc="GIFT", slug="gift")
    stock(gift, "GIFT", None)
