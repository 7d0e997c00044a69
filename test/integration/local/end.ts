import { endShared } from './bifold.ts';

/** When all integration tests have ended. */
export default endShared;
