export const PIPELINE_KEY = ["pipeline"];
