export const DEFAULT = {
  routes: () => ({
    get: ["status", "revision", "slow"].map((action) => ({ path: `/${action}`, action })),
    post: ["slow"].map((action) => ({ path: `/${action}`, action })),
  }),
};
