/** Quota families by a size's name: for what no list of sizes was read. */

const SIZE = /^Standard_([A-Z]+)\d+(?:-\d+)?([a-z]*)(?:_[A-Z]\w*?)?(?:_(v\d+))?$/

/**
 * "Standard_D4ds_v5" is of "standardDDSv5Family": the letters before and behind the number, and the version
 * ("Virtual machine sizes naming conventions"). What does not follow the convention is a family of its own.
 */
export function familyOf(size: string): string {
  const [, series, features = "", version = ""] = SIZE.exec(size) ?? []
  return series === undefined ? size : `standard${series}${features.toUpperCase()}${version}Family`
}
