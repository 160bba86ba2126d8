/** For the tests, which are in TypeScript. */
export interface Redis {
  readonly port: number;
  stop(): Promise<void>;
  /** As if its machine had gone. */
  kill(): void;
}
export declare const HINT: string;
export declare function hasRedis(): boolean;
export declare function startRedis(): Promise<Redis>;
