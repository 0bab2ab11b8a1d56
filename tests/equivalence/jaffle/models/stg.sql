select id from {{ ref("raw") }}
{% if env_var("JAFFLE_SCENE") == "fail_test" %} union all select -1 {% endif %}
{% if env_var("JAFFLE_SCENE") == "warn" %} union all select 0 {% endif %}
