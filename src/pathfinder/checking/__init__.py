"""What is asked of facts and plans: expectations, drift, the doctor's report, an agent's tools."""
