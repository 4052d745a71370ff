/** What goes wrong at the stand-in of the hub. */
export interface HubFault {
  /** Ranges are ignored. */
  wholeFiles?: boolean;
  /** After so many bytes of weights the second host cuts every connection, or lets them hang. */
  type?: 'cut' | 'hang';
  after?: number;
  /** Makes the weights another version. */
  version?: string;
  /** Files that the repository does not have. */
  missing?: string[];
}

export interface HubState {
  endpoint: string;
  commit: string;
  /** Bytes of weights. */
  sent: number;
  /** Requests without the right token. */
  refused: number;
  /** Requests to the second host that carried a token. */
  leaked: number;
  /** True when a fault was met. */
  isFull: boolean;
}
