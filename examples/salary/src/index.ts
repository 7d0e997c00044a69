export { jobInformation, people, salary, salaryModel } from './salary.ts';
