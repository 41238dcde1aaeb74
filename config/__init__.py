"""The roof: settings, addresses, middleware, the API's router and the timetable."""
