"""What is asked of the Admin GraphQL API (2026-10), each checked against its schema in the tests.

A page of items costs what its connections may hold, not what they do: so the nested ones are as
small as they can be, and what is beyond them is asked for by itself.
"""

_QUANTITIES = (
    'quantities(names:["available","on_hand","committed","incoming","reserved","safety_stock",'
    '"damaged","quality_control"]){name quantity updatedAt}'
)
_VARIANT = "displayName price inventoryPolicy requiresComponents product{status}"
_ITEM = "id sku tracked"
_VARIANTS = f"variants(first:1){{nodes{{{_VARIANT}}} pageInfo{{hasNextPage}}}}"
_LEVEL = f"isActive updatedAt location{{id isActive}} {_QUANTITIES}"
_PAGE_INFO = "pageInfo{hasNextPage endCursor}"

ITEMS = f"""query SkewItems($first:Int!,$after:String,$levels:Int!){{
  inventoryItems(first:$first,after:$after){{nodes{{{_ITEM}
    inventoryLevels(first:$levels){{nodes{{{_LEVEL}}} {_PAGE_INFO}}} {_VARIANTS}}}
    {_PAGE_INFO}}}}}"""
ITEMS_AT = f"""query SkewItemsAt($first:Int!,$after:String,$location:ID!){{
  inventoryItems(first:$first,after:$after){{nodes{{{_ITEM}
    inventoryLevel(locationId:$location){{{_LEVEL}}} {_VARIANTS}}} {_PAGE_INFO}}}}}"""
FRESH = f"""query SkewFresh($ids:[ID!]!,$location:ID!){{nodes(ids:$ids){{
  ...on InventoryItem{{{_ITEM} inventoryLevel(locationId:$location,includeInactive:true){{
    isActive updatedAt location{{id name isActive}} {_QUANTITIES}}} {_VARIANTS}}}}}}}"""
MORE_LEVELS = f"""query SkewLevels($id:ID!,$after:String){{inventoryItem(id:$id){{
  inventoryLevels(first:50,after:$after){{nodes{{{_LEVEL}}} {_PAGE_INFO}}}}}}}"""
MORE_VARIANTS = f"""query SkewVariants($id:ID!,$after:String){{inventoryItem(id:$id){{
  variants(first:50,after:$after){{nodes{{{_VARIANT}}} {_PAGE_INFO}}}}}}}"""
LOCATIONS = """query SkewLocations($first:Int!){locations(first:$first){
  nodes{id name isActive} pageInfo{hasNextPage}}}"""
LOCATION = "query SkewLocation($id:ID!){location(id:$id){id name isActive}}"
SHOP = "query SkewShop{shop{name myshopifyDomain}}"
RIGHTS = """query SkewRights{currentAppInstallation{accessScopes{handle}}
  shop{plan{publicDisplayName}}}"""
SIZE = "query SkewSize($limit:Int!){productVariantsCount(limit:$limit){count precision}}"

SET = """mutation SkewSet($input:InventorySetQuantitiesInput!,$key:String!){
  inventorySetQuantities(input:$input)@idempotent(key:$key){
    inventoryAdjustmentGroup{id} userErrors{code field message}}}"""

BULK_START = """mutation SkewBulk($query:String!){
  bulkOperationRunQuery(query:$query,groupObjects:false){
    bulkOperation{id status} userErrors{code field message}}}"""
_OPERATION = """id status errorCode createdAt objectCount rootObjectCount fileSize url
  partialDataUrl query"""
BULK_LOOK = f"query SkewBulkLook($id:ID!){{bulkOperation(id:$id){{{_OPERATION}}}}}"
BULK_LIST = f"""query SkewBulkList{{bulkOperations(first:50,
  query:"operation_type:query AND (status:created OR status:running)"){{nodes{{{_OPERATION}}}}}}}"""

_BULK_VARIANTS = f"variants{{edges{{node{{__typename id {_VARIANT}}}}}}}"


def bulk_query(location: str | None) -> str:
    """What a bulk operation reads: all items with their variants, and their levels.

    `location` is the id of the only location whose levels count. A bulk operation takes no
    variables.
    """
    levels = f"inventoryLevels{{edges{{node{{__typename id {_LEVEL}}}}}}}"
    if location is not None:
        levels = f'inventoryLevel(locationId:"{location}"){{{_LEVEL}}}'
    return (
        f"query SkewAll{{inventoryItems{{edges{{node{{__typename {_ITEM} "
        f"{levels} {_BULK_VARIANTS}}}}}}}}}"
    )
