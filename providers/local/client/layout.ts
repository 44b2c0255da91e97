/** Layout: where in a root what is. */

export interface ClusterLayout {
  readonly key: string
  readonly path: string
  readonly spent: string
  readonly making: string
  readonly trash: string
}

export interface Layout {
  readonly root: string
  readonly instances: string
  readonly claims: string
  readonly clusters: string
  readonly looks: string
  instance(name: string): string
  cluster(key: string): ClusterLayout
}
